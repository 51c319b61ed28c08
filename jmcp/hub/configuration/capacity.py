"""Whether there is room for one more server, asked each time before one starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from jupyterhub.spawner import SpawnException
from traitlets.config import Config

from jmcp.hub.configuration.given import effective, sections
from jmcp.hub.configuration.memory import Memory, machine_memory, process_memory, shown
from jmcp.hub.configuration.spawners import Spawner

RETRY_SECONDS = 60
"""Retry-After of a refusal: a server takes seconds to stop, and people minutes to finish."""

Hook = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """`servers` may run at once, 0 for any number. In bytes: `reserve` is left to the machine,
    `server_bytes` is what one server needs that says nothing itself. `templates` are the sizes of
    servers by template. `total` is the memory of all servers and the reserve together, where it is
    not that of this machine."""

    servers: int
    reserve: int
    server_bytes: int
    templates: Mapping[str, int] = field(default_factory=dict)
    total: int | None = None


class CapacityHook:
    """The `pre_spawn_hook` of a Hub; `before` is the one that was configured already, which runs
    once a server is admitted.

    It counts servers in the order in which they ask. A server that has asked and was not admitted
    yet counts for nobody: two that ask at the same moment for the last place do not both lose it.
    """

    def __init__(
        self,
        capacity: Capacity,
        measured: Callable[[], Memory] | None,
        before: Hook | None = None,
    ) -> None:
        self.capacity = capacity
        self.before = before
        self._measured = measured
        self._admitted: WeakSet[Any] = WeakSet()

    def __deepcopy__(self, memo: Any) -> CapacityHook:
        # Traitlets gives each spawner a copy of its configuration, and all have to count together.
        return self

    def __call__(self, spawner: Any) -> Any:
        """Returns what the hook before it does. Raises SpawnException 503, which the Hub does not
        count as a failure of its own.

        No coroutine: so the Hub has the refusal before it answers the request, also where it does
        not wait for the start (slow_spawn_timeout 0).
        """
        self._admitted.discard(spawner)
        refusal = self._refusal(spawner)
        if refusal:
            error = SpawnException(refusal, reason="capacity", status_code=503)
            error.headers = {"Retry-After": str(RETRY_SECONDS)}
            raise error
        self._admitted.add(spawner)
        return None if self.before is None else self.before(spawner)

    def _refusal(self, spawner: Any) -> str:
        """Why that server does not start now; empty where it does."""
        limits = self.capacity
        others = [one for one in _active(spawner) if self._counts(one) and one is not spawner]
        if limits.servers and len(others) >= limits.servers:
            return f"At capacity: {len(others)} of {limits.servers} servers run. {LATER}"
        memory = self._measured() if self._measured is not None else None
        total = limits.total or (memory.total if memory else 0)
        needed = self._bytes(spawner)
        if total:
            promised = sum(map(self._bytes, others))
            room = total - limits.reserve - promised
            if needed > room:
                return (
                    f"At capacity: a server of {shown(needed)} does not fit, as {len(others)} servers "
                    f"may use {shown(promised)} of {shown(total)} and {shown(limits.reserve)} are "
                    f"kept back. {LATER}"
                )
        if memory is not None:
            starting = sum(self._bytes(one) for one in others if not one.ready)
            room = memory.free - limits.reserve - starting
            if needed > room:
                return (
                    f"At capacity: {shown(memory.free)} of memory are free, a server needs "
                    f"{shown(needed)} and {shown(limits.reserve)} are kept back. {LATER}"
                )
        return ""

    def _counts(self, other: Any) -> bool:
        return other.pending != "spawn" or other in self._admitted

    def _bytes(self, spawner: Any) -> int:
        """What a server may use. After a restart of the Hub only the template's name says it."""
        options = spawner.user_options or getattr(spawner.orm_spawner, "user_options", None) or {}
        template = self.capacity.templates.get(str(options.get("template")))
        own = spawner.mem_guarantee or template or spawner.mem_limit
        return int(own or self.capacity.server_bytes)


LATER = "Try again in a minute; a server that nobody uses stops by itself."


def put_capacity(c: Config, capacity: Capacity, spawner: Spawner) -> None:
    """Ask before each start, and before the hook that is configured already."""
    measured = {"process": process_memory, "machine": machine_memory, "elsewhere": None}
    before = effective(c, "Spawner", "pre_spawn_hook")
    if isinstance(before, CapacityHook):
        before = before.before
    hook = CapacityHook(capacity, measured[spawner.place], before)
    for section in sections(c, "Spawner", "pre_spawn_hook"):
        c[section].pre_spawn_hook = hook


def _active(spawner: Any) -> Iterator[Any]:
    users: Iterable[Any] = spawner.user.settings["users"].values()
    for user in users:
        yield from (one for one in user.spawners.values() if one.active)
