"""What a user of Redis needs there for `RedisStore`, so that nobody is given more."""

from __future__ import annotations

COMMANDS = (
    "ping",
    "hello",
    "select",
    "hget",
    "hgetall",
    "hset",
    "exists",
    "pexpire",
    "del",
    "sadd",
    "srem",
    "smembers",
    "sunion",
    "zadd",
    "zrem",
    "zcount",
    "zrangebyscore",
    "multi",
    "exec",
    "evalsha",
    "script|load",
)
"""All that the store and its scripts send. None lists keys, whose names hold the ids of sessions."""


def access_rules(namespace: str) -> list[str]:
    """The rules of ACL SETUSER for who may have the keys that begin with `jmcp:{namespace}:` and no
    others, beside `on` and the password."""
    return ["resetkeys", f"~jmcp:{namespace}:*", "resetchannels", "nocommands", *_allowed()]


def _allowed() -> list[str]:
    return [f"+{command}" for command in COMMANDS]
