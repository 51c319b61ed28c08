"""How much of its memory a server and its kernels use, and whom that was told."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from jmcp.core.notices import MemoryShort
from jmcp.core.sessions.records import SessionRecord

SHORT, ENOUGH = 0.85, 0.75
"""Shares of the limit: from the first on memory is short, until it is below the second."""
LOOK_SECONDS = 15.0
KEPT_SESSIONS = 1000
"""Sessions of which is known that they were told, the last ones."""
GIB, MIB = 2**30, 2**20
log = logging.getLogger("jmcp")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """In bytes."""

    used: int
    limit: int


Measure = Callable[[], MemoryUse | None]
"""What is used now, asked in a thread; None where that cannot be told."""


class MemoryWatch:
    """Looks again and again. Each session is told once when memory gets short."""

    def __init__(self, measure: Measure | None = None) -> None:
        self.is_short = False
        self._measure = measure
        self._use: MemoryUse | None = None
        self._told: OrderedDict[tuple[object, ...], None] = OrderedDict()

    @property
    def measures(self) -> bool:
        return self._measure is not None

    @property
    def used(self) -> int | None:
        return None if self._use is None else self._use.used

    @property
    def limit(self) -> int | None:
        return None if self._use is None else self._use.limit

    async def run(self) -> None:
        """Look until cancelled."""
        assert self._measure is not None
        while True:
            self.look(await asyncio.to_thread(self._measure))
            await asyncio.sleep(LOOK_SECONDS)

    def look(self, use: MemoryUse | None) -> None:
        """Note what is used, and log when that becomes too much."""
        self._use = use
        share = 0.0 if use is None else use.used / use.limit
        if share >= SHORT and not self.is_short and use is not None:
            self.is_short = True
            used, limit = size(use.used), size(use.limit)
            log.warning("Memory is short: server and kernels use %s of %s", used, limit)
        elif share < ENOUGH and self.is_short:
            self.is_short = False
            self._told.clear()

    def first(self, record: SessionRecord) -> MemoryShort | None:
        """The notice for that session, unless it was told since memory got short."""
        name = (record.owner, record.session_id, record.created)
        if not self.is_short or self._use is None or name in self._told:
            return None
        self._told[name] = None
        if len(self._told) > KEPT_SESSIONS:
            self._told.popitem(last=False)
        return MemoryShort(used=size(self._use.used), limit=size(self._use.limit))


def size(count: int) -> str:
    """Bytes for people, as in 1.5 GiB."""
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{count / MIB:.0f} MiB"
