-- Notes that a process of a server lives, and which version of what they share it has applied.
--
-- KEYS: the workers (hash: id -> JSON), and the head of what is shared. ARGV: id (empty: of none), what it says of itself
-- (JSON; empty: it is gone), the epoch and the version that it has applied, and after how many seconds one that was not
-- seen is no worker any more.
-- Returns the epoch and the version of what is shared, and the workers with their ids.
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
if ARGV[2] ~= '' then
  local seen = {about = ARGV[2], epoch = ARGV[3], version = tonumber(ARGV[4]), seen = string.format('%.6f', now)}
  redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(seen))
elseif ARGV[1] ~= '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
end
local all = redis.call('HGETALL', KEYS[1])
local live = {}
for index = 1, #all, 2 do
  if now - tonumber(cjson.decode(all[index + 1]).seen) > tonumber(ARGV[5]) then
    redis.call('HDEL', KEYS[1], all[index])
  else
    live[#live + 1] = all[index]
    live[#live + 1] = all[index + 1]
  end
end
local head = redis.call('HMGET', KEYS[2], 'epoch', 'version')
return {head[1] or '', tonumber(head[2] or 0), live}
