-- Changes what the processes of a server share: all that is asked, or nothing when the process did not know everything.
--
-- KEYS: the fields (hash), their changes (sorted set: field -> the version that changed it last) and the head (hash:
-- epoch, version, floor).
-- ARGV: epoch and base (what the process knows), an epoch to begin with (empty: none), limit, channel, how many fields
-- are set; then field, value, field, value ..., and the names of the fields that are dropped.
-- Returns a status, the epoch, the version, 1 when what follows are all the fields that there are, and fields and values
-- that were changed since `base` (nil: dropped).
--   done   changed, or nothing was to be changed and the process knew everything
--   stale  nothing was changed: the process did not know everything
--   lost   nothing is there
local STEP = 1000 -- values that are passed to one call
local epoch, base, new, limit, channel, count = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])

local head = redis.call('HMGET', KEYS[3], 'epoch', 'version', 'floor')
local there, version, floor = head[1], tonumber(head[2] or 0), tonumber(head[3] or 0)
if not there then
  if new == '' then
    return {'lost', '', 0, 0, {}}
  end
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[3], 'epoch', new)
  there, epoch, base = new, new, 0
end
if there ~= epoch or base < floor then
  return {'stale', there, version, 1, redis.call('HGETALL', KEYS[1])}
end
if version > base then
  local others, names = {}, redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. base, '+inf')
  for first = 1, #names, STEP do
    local some = {unpack(names, first, math.min(first + STEP - 1, #names))}
    for index, value in ipairs(redis.call('HMGET', KEYS[1], unpack(some))) do
      others[#others + 1] = some[index]
      others[#others + 1] = value
    end
  end
  return {'stale', there, version, 0, others}
end
if #ARGV == 6 then
  return {'done', there, version, 0, {}}
end

version = version + 1
for index = 7, #ARGV do
  if index > 6 + 2 * count then
    redis.call('HDEL', KEYS[1], ARGV[index])
    redis.call('ZADD', KEYS[2], version, ARGV[index])
  elseif index % 2 == 1 then
    redis.call('HSET', KEYS[1], ARGV[index], ARGV[index + 1])
    redis.call('ZADD', KEYS[2], version, ARGV[index])
  end
end
redis.call('HSET', KEYS[3], 'version', version)
if redis.call('ZCARD', KEYS[2]) > 2 * limit then
  local over = redis.call('ZREVRANGE', KEYS[2], limit, limit, 'WITHSCORES')
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', over[2])
  redis.call('HSET', KEYS[3], 'floor', over[2])
end
redis.call('PUBLISH', channel, 'version ' .. version)
return {'done', there, version, 0, {}}
