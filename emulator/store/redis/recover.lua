-- Decides which process writes back a world that the server has lost: the one that knows of the last commit.
--
-- Each process offers what it knows, and waits until all have that are known to use the world, or were given the time in
-- which one that lives is heard of.
-- KEYS: the head of the world (hash), and the offers (hash: worker -> until when its offer holds, the last commit that it
-- knows of, what it says of itself; nothing of one that is waited for; '' -> when the first offer was made).
-- ARGV: worker, the last commit that it knows of, what it says of itself (JSON), the seconds for which a worker lives
-- unheard of, and the other workers that it knows.
-- Returns what the worker is to do:
--   load   the world is there again
--   write  write it back
--   wait   ask again
local worker, base, about, life = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'restored')
if head[1] and (head[3] or tonumber(head[2] or 0) >= base) then
  return 'load'
end
redis.call('HDEL', KEYS[1], 'epoch') -- a process that started meanwhile has begun it anew: it knows less
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6

if (redis.call('HGET', KEYS[2], worker) or '') == '' then
  redis.call('PUBLISH', KEYS[1], worker .. ' ' .. base .. ' 1 0') -- who hears of it makes an offer too
end
redis.call('HSETNX', KEYS[2], '', string.format('%.6f', now))
redis.call('HSET', KEYS[2], worker, string.format('%.6f %d ', now + life, base) .. about)
for index = 5, #ARGV do
  redis.call('HSETNX', KEYS[2], ARGV[index], '')
end
redis.call('EXPIRE', KEYS[2], 60)

local best, most, offers = '', -1, redis.call('HGETALL', KEYS[2])
local waits_until = tonumber(redis.call('HGET', KEYS[2], '')) + life
for index = 1, #offers, 2 do
  local name, offer = offers[index], offers[index + 1]
  if name ~= '' and offer == '' and now <= waits_until then
    return 'wait'
  end
  local ends_at, knows = string.match(offer, '^(%S+) (%S+) ')
  if ends_at and tonumber(ends_at) >= now then
    knows = tonumber(knows)
    if knows > most or (knows == most and name > best) then
      best, most = name, knows
    end
  end
end
return best == worker and 'write' or 'wait'
