"""What all requests that are passed on share: connections, starts, users, and which are open."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Protocol

from jmcp.hub.gateway.forwarding import Forwarding
from jmcp.hub.gateway.handshakes import Handshakes
from jmcp.hub.gateway.hub_api import HubRefusal, HubUnreachable
from jmcp.hub.gateway.servers import Servers
from jmcp.hub.gateway.users import Users

QUIET_SECONDS = 2.0
"""A server from which nothing came for so long is asked whether it lives before it is given a call
that must not be made twice."""
WATCH_SECONDS = 5.0
"""How often a stream is looked at: whether something came, and whether its token is still good."""


class Open(Protocol):
    """A request whose answer goes on."""

    @property
    def listens(self) -> bool: ...

    def end(self) -> None: ...

    def is_due(self, now: float) -> bool: ...

    async def check(self) -> None: ...


class Passing:
    """Passes requests on, for the whole gateway."""

    def __init__(self, forwarding: Forwarding, servers: Servers, users: Users) -> None:
        self.forwarding = forwarding
        self.servers = servers
        self.users = users
        self.handshakes = Handshakes(forwarding)
        self.seen: dict[str, float] = {}
        self.open: set[Open] = set()
        self.watched: set[Open] = set()
        self._watching: asyncio.Task[None] | None = None

    def watch(self, stream: Open) -> None:
        """Look at a stream until it is taken out of `watched`: one task for all, which are many."""
        self.watched.add(stream)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        checks: set[asyncio.Task[None]] = set()
        while self.watched:
            await asyncio.sleep(WATCH_SECONDS)
            now = time.monotonic()
            for stream in [one for one in self.watched if one.is_due(now)]:
                checks.add(asyncio.create_task(stream.check()))
            checks = {one for one in checks if not one.done()}

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching

    def end(self, *, listening: bool = False) -> None:
        """End everything that is open, each with an answer that says why; with `listening` only the
        streams on which no answer is awaited."""
        for stream in list(self.open):
            if stream.listens or not listening:
                stream.end()

    async def is_good(self, token: str) -> bool:
        """Whether the Hub still knows that token, as far as it can be asked."""
        try:
            await self.users.owner(token)
        except HubRefusal:
            return False
        except HubUnreachable:
            return True
        return True

    def saw(self, user: str) -> None:
        """Something came from that user's server just now."""
        self.seen.pop(user, None)
        self.seen[user] = time.monotonic()
        while len(self.seen) > 10_000:
            del self.seen[next(iter(self.seen))]

    def is_quiet(self, user: str) -> bool:
        return time.monotonic() - self.seen.get(user, float("-inf")) > QUIET_SECONDS
