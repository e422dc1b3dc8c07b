-- Commits units of work to a world: all that they change, or nothing when something that they read has changed since.
--
-- KEYS: the world's state (hash: field -> value), its changes (sorted set: field -> the number of the commit that
-- changed it last), its head (hash: epoch, seq, floor, entered, ended, journal, turn, until, last:WORKER, when it began,
-- 1 when it was restored, 1 when another one of its name was forgotten), its journal (stream), its workers (hash: worker
-- -> until when it lives if it is not heard of, the commit up to which it has done all that follows), and in the seventh
-- place the offers to write it back (see recover.lua).
-- ARGV[1], packed: epoch, base (the last commit that the worker knows of), worker, number (of this attempt), limit,
-- reads (`*`: everything), sets (field, value, field, value ...), drops, marks (names that are no fields), how many
-- entries are kept at least, a counter (field) and how many numbers of it to reserve, the seconds for which the worker
-- lives unheard of, the commit up to which it has done all that follows, its part: `join`, `beat`, `leave` or nothing,
-- 1 when others are to let it commit first from now on, 1 when others must hear of this at once, and how many entries
-- the journal has had as far as the worker knows (-1: it knows that there are more), 1 when this is all of a world that
-- the server has lost, which begins anew with the epoch.
-- The others are entries for the journal: kind, exchange, kind, exchange ...; the kinds are `add`, `end` and `clear`.
-- Returns a status, the number of the last commit, the time in seconds and microseconds, fields and values that others
-- have changed since `base` (nil: dropped), 1 when this number was committed before, by a worker that got no reply,
-- the last number that was reserved, how many entries were made in the journal before these since it was cleared, the
-- name that it has had since then, and the id of the last entry that was added now (nil: none was).
--   done      committed
--   stale     nothing was committed; run again on what was changed
--   wait      nothing was committed; another worker is to commit first
--   expelled  nothing was committed; the worker was not heard of for so long that others have taken over its work
--   behind    nothing was committed; load everything again
--   gone      there is no such world, or another one
local STEP = 1000 -- values that are passed to one call
local TURN = 0.05 -- seconds for which others wait for a worker that they were faster than
local unit = cmsgpack.unpack(ARGV[1])
local epoch, base, worker, number, limit = unit[1], unit[2], unit[3], unit[4], unit[5]
local reads, sets, drops, marks, kept = unit[6], unit[7], unit[8], unit[9], unit[10]
local counter, reserved, life, settled, part = unit[11], unit[12], unit[13], unit[14], unit[15]
local first, urgent, known, whole = unit[16], unit[17], unit[18], unit[19]
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6

local function in_steps(list, call)
  for first = 1, #list, STEP do
    call(unpack(list, first, math.min(first + STEP - 1, #list)))
  end
end

local head = redis.call('HMGET', KEYS[3], 'epoch', 'seq', 'floor', 'last:' .. worker, 'turn', 'until', 'entered',
  'ended', 'journal')
local restores = whole == 1 and not head[1] and redis.call('HEXISTS', KEYS[7], worker) == 1
if restores then
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
  redis.call('HSET', KEYS[3], 'epoch', epoch, 'restored', 1)
  head = {epoch, head[2]}
elseif whole == 1 or head[1] ~= epoch then
  return {'gone', 0, time[1], time[2], {}, 0, 0, 0, ''}
end
if not head[2] and not restores then
  redis.call('HSETNX', KEYS[3], 'began', string.format('%.6f', now))
end
local seq, floor = tonumber(head[2] or 0), tonumber(head[3] or 0)
local entries, journal = tonumber(head[7] or 0) + tonumber(head[8] or 0), head[9] or string.sub(epoch, 1, 8)
local done = head[4] == tostring(number)
local function reply(status, others)
  return {status, seq, time[1], time[2], others, done and 1 or 0, 0, entries, journal}
end
seq = math.max(seq, base) -- the server may have come back with older data: the worker's copy is newer
if base < floor then
  return reply('behind', {})
end
if not restores and part ~= 'join' and redis.call('HEXISTS', KEYS[5], worker) == 0 then
  return reply('expelled', {})
end

local others = {}
if restores then -- who has made an offer lives
  local offers = redis.call('HGETALL', KEYS[7])
  for index = 1, #offers, 2 do
    local about = string.match(offers[index + 1], '^%S+ %S+ (.*)$')
    if about then
      local field = '["p","' .. offers[index] .. '"]'
      redis.call('HSET', KEYS[5], offers[index], string.format('%.6f 0', now + life))
      for _, list in ipairs({sets, others}) do
        list[#list + 1] = field
        list[#list + 1] = about
      end
    end
  end
  redis.call('DEL', KEYS[7])
elseif seq > base then
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
    if first == 1 then
      redis.call('HSET', KEYS[3], 'turn', worker, 'until', string.format('%.6f', now + TURN))
    end
    return reply('stale', others)
  end
end
local size = #sets + #drops + #marks + #ARGV - 1
if head[5] and head[5] ~= worker and now < tonumber(head[6]) and size > 0 and not done then
  return reply('wait', others)
end

-- Who is not heard of any more has left: what it had under way is for others.
local left = {}
if part == 'leave' then
  left[1] = worker
else
  local until_now = tonumber(string.match(redis.call('HGET', KEYS[5], worker) or '', '%S+'))
  -- This one has not been heard of for a while either: the server stood still, or the way to it. The others may live.
  local silent = until_now and until_now < now + life / 2
  redis.call('HSET', KEYS[5], worker, string.format('%.6f %d', now + life, settled))
  if part ~= '' or silent then
    local workers = redis.call('HGETALL', KEYS[5])
    for index = 1, #workers, 2 do
      if tonumber(string.match(workers[index + 1], '%S+')) < now then
        if silent then
          local settled_to = string.match(workers[index + 1], '%S+$')
          redis.call('HSET', KEYS[5], workers[index], string.format('%.6f ', now + life) .. settled_to)
        else
          left[#left + 1] = workers[index]
        end
      end
    end
  end
end
for _, name in ipairs(left) do
  redis.call('HDEL', KEYS[5], name)
  local field = '["p","' .. name .. '"]'
  drops[#drops + 1] = field
  others[#others + 1] = field
  others[#others + 1] = false
  urgent = 1
end
if done or (reserved == 0 and #left == 0 and size == 0) then
  return reply('done', others)
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
local last = 0
if reserved > 0 then
  last = redis.call('HINCRBY', KEYS[1], counter, reserved)
  note(counter)
end
in_steps(scored, function(...) redis.call('ZADD', KEYS[2], ...) end)
if redis.call('ZCARD', KEYS[2]) > 2 * limit then
  local over = redis.call('ZREVRANGE', KEYS[2], limit, limit, 'WITHSCORES')
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', over[2])
  redis.call('HSET', KEYS[3], 'floor', over[2])
end
local id
local counts = {add = 0, ['end'] = 0}
for index = 2, #ARGV, 2 do
  local kind = ARGV[index]
  if kind == 'clear' then
    redis.call('DEL', KEYS[4])
    redis.call('HDEL', KEYS[3], 'entered', 'ended')
    redis.call('HSET', KEYS[3], 'journal', ARGV[index + 1])
    counts = {add = 0, ['end'] = 0}
    id = '0-0'
  else
    id = redis.call('XADD', KEYS[4], '*', kind, ARGV[index + 1])
    counts[kind] = counts[kind] + 1
  end
end
if #ARGV > 1 then
  redis.call('HINCRBY', KEYS[3], 'entered', counts.add)
  redis.call('HINCRBY', KEYS[3], 'ended', counts['end'])
  local unknown = known < 0 and 0 or math.max(0, entries - known) -- those of others, which it has not counted
  redis.call('XTRIM', KEYS[4], 'MAXLEN', '~', kept + unknown)
end
redis.call('HSET', KEYS[3], 'seq', seq, 'last:' .. worker, tostring(number))
if head[5] == worker then
  redis.call('HDEL', KEYS[3], 'turn', 'until')
end
redis.call('PUBLISH', KEYS[3], worker .. ' ' .. seq .. ' ' .. urgent .. ' ' .. (#ARGV > 1 and 1 or 0))
return {'done', seq, time[1], time[2], others, 0, last, entries, journal, id}
