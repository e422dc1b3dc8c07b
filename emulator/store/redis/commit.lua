-- Commits units of work to a world: all that they change, or nothing when something that they read has changed since.
--
-- KEYS: the world's state (hash: field -> value), its changes (sorted set: field -> the number of the commit that
-- changed it last), its head (hash: epoch, seq, floor, entered, last:WORKER) and its journal (stream).
-- ARGV[1], packed: epoch, base (the last commit that the worker knows of), worker, number (of this attempt), limit,
-- reads (`*`: everything), sets (field, value, field, value ...), drops, marks (names that are no fields), how many
-- entries are kept at least. The others are entries for the journal: kind, exchange, kind, exchange ...; the kinds are
-- `add`, `end` and `clear`.
-- Returns a status, the number of the last commit, the time in seconds and microseconds, fields and values that others
-- have changed since `base` (nil: dropped), and 1 when this number was committed before, by a worker that got no reply.
--   done    committed
--   stale   nothing was committed; run again on what was changed
--   behind  nothing was committed; load everything again
--   gone    there is no such world, or another one
local STEP = 1000 -- values that are passed to one call
local unit = cmsgpack.unpack(ARGV[1])
local epoch, base, worker, number, limit = unit[1], unit[2], unit[3], unit[4], unit[5]
local reads, sets, drops, marks, kept = unit[6], unit[7], unit[8], unit[9], unit[10]
local time = redis.call('TIME')

local function in_steps(list, call)
  for first = 1, #list, STEP do
    call(unpack(list, first, math.min(first + STEP - 1, #list)))
  end
end

local head = redis.call('HMGET', KEYS[3], 'epoch', 'seq', 'floor', 'last:' .. worker)
if head[1] ~= epoch then
  return {'gone', 0, time[1], time[2], {}, 0}
end
local seq, floor = tonumber(head[2] or 0), tonumber(head[3] or 0)
local done = head[4] == tostring(number)
if base < floor then
  return {'behind', seq, time[1], time[2], {}, done and 1 or 0}
end

local others = {}
if seq > base then
  local stale = false
  if not done then
    for _, name in ipairs(reads) do
      local changed = redis.call('ZSCORE', KEYS[2], name)
      stale = stale or name == '*' or (changed and tonumber(changed) > base)
    end
  end
  in_steps(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. base, '+inf'), function(...)
    local values = redis.call('HMGET', KEYS[1], ...)
    for index, name in ipairs({...}) do
      others[#others + 1] = name
      others[#others + 1] = values[index]
    end
  end)
  if stale then
    return {'stale', seq, time[1], time[2], others, 0}
  end
end
if done or #sets + #drops + #marks + #ARGV == 1 then
  return {'done', seq, time[1], time[2], others, done and 1 or 0}
end

seq = seq + 1
local scored = {}
local function note(name)
  scored[#scored + 1] = seq
  scored[#scored + 1] = name
end
for index = 1, #sets, 2 do note(sets[index]) end
for _, name in ipairs(drops) do note(name) end
for _, name in ipairs(marks) do note(name) end
in_steps(sets, function(...) redis.call('HSET', KEYS[1], ...) end)
in_steps(drops, function(...) redis.call('HDEL', KEYS[1], ...) end)
in_steps(scored, function(...) redis.call('ZADD', KEYS[2], ...) end)
if redis.call('ZCARD', KEYS[2]) > 2 * limit then
  local over = redis.call('ZREVRANGE', KEYS[2], limit, limit, 'WITHSCORES')
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', over[2])
  redis.call('HSET', KEYS[3], 'floor', over[2])
end
for index = 2, #ARGV, 2 do
  if ARGV[index] == 'clear' then
    redis.call('DEL', KEYS[4])
    redis.call('HDEL', KEYS[3], 'entered')
  else
    redis.call('XADD', KEYS[4], '*', ARGV[index], ARGV[index + 1])
    redis.call('HINCRBY', KEYS[3], 'entered', ARGV[index] == 'add' and 1 or 0)
  end
end
if #ARGV > 1 then
  redis.call('XTRIM', KEYS[4], 'MAXLEN', '~', kept)
end
redis.call('HSET', KEYS[3], 'seq', seq, 'last:' .. worker, tostring(number))
return {'done', seq, time[1], time[2], others, 0}
