-- Adds what a process has counted since it last told to the sums of all, once.
--
-- KEYS: the sums (hash: name -> number; the empty name has the epoch), and the processes (hash: id -> JSON). ARGV: id,
-- the epoch that the process knows (empty: none), one to begin with if there is none, the number of this publication, what
-- the process has at present (text), for how many seconds that holds, after how many seconds a process is forgotten; then
-- names and amounts.
-- Returns the epoch, and if it is the one that the process knows the sums and what each process has at present. If it is
-- another one, nothing is added: the sums were lost.
local epoch = redis.call('HGET', KEYS[1], '')
if not epoch then
  epoch = ARGV[3]
  redis.call('HSET', KEYS[1], '', epoch)
end
if ARGV[2] ~= '' and ARGV[2] ~= epoch then
  return {epoch, 0, {}, {}}
end
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local known = redis.call('HGET', KEYS[2], ARGV[1])
if not known or cjson.decode(known).number < tonumber(ARGV[4]) then
  for index = 8, #ARGV, 2 do
    redis.call('HINCRBYFLOAT', KEYS[1], ARGV[index], ARGV[index + 1])
  end
end
local mine = {number = tonumber(ARGV[4]), seen = now, present = ARGV[5]}
redis.call('HSET', KEYS[2], ARGV[1], cjson.encode(mine))
local all = redis.call('HGETALL', KEYS[2])
local present = {}
for index = 1, #all, 2 do
  local each = cjson.decode(all[index + 1])
  if now - each.seen <= tonumber(ARGV[6]) then
    present[#present + 1] = each.present
  elseif now - each.seen > tonumber(ARGV[7]) then
    redis.call('HDEL', KEYS[2], all[index])
  end
end
return {epoch, 1, redis.call('HGETALL', KEYS[1]), present}
