"""Locks of paths on disk, each together with all that is below it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar


class PathLocks:
    """Of those who want a path, or one above or below it, one has it at a time, in order of asking.

    Who wants several gets them all at once, so that no two wait for each other. What is done on behalf
    of whoever holds some waits for none of the same locks: reading a notebook reads it once more after
    a repair, and renaming it is made of several steps.
    """

    def __init__(self) -> None:
        self._claims: list[_Claim] = []
        """In order of asking; each waits for those before it that it meets."""

    @asynccontextmanager
    async def held(self, *paths: str) -> AsyncIterator[None]:
        if any(claim in self._claims for claim in _HELD.get()):
            yield
            return
        claim = _Claim(paths)
        self._claims.append(claim)
        try:
            while (before := self._before(claim)) is not None:
                await before.over.wait()
            token = _HELD.set((*_HELD.get(), claim))
            try:
                yield
            finally:
                _HELD.reset(token)
        finally:
            self._claims.remove(claim)
            claim.over.set()

    def _before(self, claim: _Claim) -> _Claim | None:
        """Whoever has to be waited for."""
        for other in self._claims:
            if other is claim:
                return None
            if other.meets(claim):
                return other
        return None


class _Claim:
    """The paths that somebody holds or waits for."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self._paths = paths
        self.over = asyncio.Event()

    def meets(self, other: _Claim) -> bool:
        return any(_overlap(one, two) for one in self._paths for two in other._paths)


_HELD: ContextVar[tuple[_Claim, ...]] = ContextVar("held_paths", default=())
"""Of this task, and of those that it was started by: a claim that is over counts no more."""


def _overlap(one: str, two: str) -> bool:
    return one == two or one.startswith(two + os.sep) or two.startswith(one + os.sep)
