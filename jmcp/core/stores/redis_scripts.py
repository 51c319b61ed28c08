"""Steps on one session that no other process interrupts, in Redis's own language.

KEYS: the record, the ids of its owner, all sessions by last access, and what the names of the sets
of holders begin with. ARGV: the session id, its member of the last two, and what each says. A
record's holdings stand beside it, so that every step finds the sets it is in.
"""

from __future__ import annotations

_HOLDINGS = """
local function holdings() return cjson.decode(redis.call('HGET', KEYS[1], 'holdings') or '[]') end
"""

# last access, milliseconds to keep it, data, holdings
_WRITE = """
local function write()
  for _, one in ipairs(holdings()) do redis.call('SREM', KEYS[4] .. one, ARGV[2]) end
  redis.call('HSET', KEYS[1], 'last_accessed', ARGV[3], 'data', ARGV[5], 'holdings', ARGV[6])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  redis.call('SADD', KEYS[2], ARGV[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
  redis.call('ZADD', KEYS[3], ARGV[3], ARGV[2])
  redis.call('PEXPIRE', KEYS[3], ARGV[4])
  for _, one in ipairs(holdings()) do
    redis.call('SADD', KEYS[4] .. one, ARGV[2])
    redis.call('PEXPIRE', KEYS[4] .. one, ARGV[4])
  end
  return 1
end
"""

PUT = _HOLDINGS + _WRITE + "return write()"

ADD = (
    _HOLDINGS
    + _WRITE
    + """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
return write()
"""
)

# What `write` takes, and the data that has to be there.
CHANGE = (
    _HOLDINGS
    + _WRITE
    + """
if redis.call('HGET', KEYS[1], 'data') ~= ARGV[7] then return 0 end
return write()
"""
)

# last access, milliseconds to keep it
TOUCH = (
    _HOLDINGS
    + """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'last_accessed', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[2])
redis.call('PEXPIRE', KEYS[3], ARGV[4])
for _, one in ipairs(holdings()) do redis.call('PEXPIRE', KEYS[4] .. one, ARGV[4]) end
return 1
"""
)

# The data that has to be there, and the moment before which it has to be idle; empty: any.
REMOVE = (
    _HOLDINGS
    + """
if ARGV[3] ~= '' and redis.call('HGET', KEYS[1], 'data') ~= ARGV[3] then return 0 end
if ARGV[4] ~= '' then
  local accessed = redis.call('HGET', KEYS[1], 'last_accessed')
  if accessed and tonumber(accessed) >= tonumber(ARGV[4]) then return 0 end
end
for _, one in ipairs(holdings()) do redis.call('SREM', KEYS[4] .. one, ARGV[2]) end
redis.call('SREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[2])
return redis.call('DEL', KEYS[1])
"""
)
