-- Decides which process writes back a world that the server has lost: the one that knows of the last commit.
--
-- Each process offers what it knows, and waits until all have that are known to use the world, or were given the time in
-- which one that lives is heard of.
-- A world that is there and is not the lost one has been written back, was removed and began again, or has begun on the
-- empty server: then it stays if it has been in use for a while, and otherwise gives way to the one that was lost.
-- KEYS: the head of the world (hash), the offers (hash: worker -> until when its offer holds, the last commit that it
-- knows of, what it says of itself; nothing of one that is waited for; '' -> when the first offer was made), and
-- the workers of the world (hash: see commit.lua).
-- ARGV: worker, the last commit that it knows of, what it says of itself (JSON), the seconds for which a worker lives
-- unheard of, and the other workers that it knows.
-- Returns what the worker is to do:
--   load   the world is there again
--   write  write it back
--   wait   ask again
local SETTLED = 3 -- lives of a worker after which a world that has begun on the empty server stays
local worker, base, about, life = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'restored', 'forgotten', 'began')
local function is_used() -- older data that the server came back with is not
  for _, worker in ipairs(redis.call('HVALS', KEYS[3])) do
    if tonumber(string.match(worker, '%S+')) >= now then
      return true
    end
  end
  return false
end
if head[1] then
  local again = head[4] and tonumber(head[2] or 0) >= base -- commits of one that was removed are counted on
  if head[3] or again or (head[5] and now - tonumber(head[5]) > SETTLED * life and is_used()) then
    return 'load'
  end
end
redis.call('HDEL', KEYS[1], 'epoch', 'began')

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
