"""Whose token a request has, asked of the Hub once and known for a while."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass

from jmcp.hub.gateway.hub_api import HubApi, HubRefusal, HubUnreachable, User

KNOWN_SECONDS = 30.0
"""A revoked token opens the gateway for so long at most, while the Hub answers."""
REFUSED_SECONDS = 10.0
"""Whoever tries a wrong token again and again costs the Hub one question in this time."""
WITHOUT_HUB_SECONDS = 300.0
"""While the Hub does not answer, what was known is believed for so long: as long as JupyterHub's own
servers believe it."""
KEPT_TOKENS = 10_000
"""Tokens that are remembered, the least used forgotten first: at most about 10 MB."""
KEPT_REFUSALS = 2_000
"""Of wrong tokens, apart: whoever invents them pushes out no good one."""
UNKNOWN_AT_ONCE = 20
"""So many questions about tokens of which nothing good is known are open at the Hub; the rest of the
connections are for those who are known. Others wait, UNKNOWN_WAITING at most."""
UNKNOWN_WAITING = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the Hub said of a token, and when by the monotonic clock."""

    said: User | HubRefusal
    at: float


class Users:
    """A bounded cache in front of the Hub. It keeps digests, not tokens."""

    def __init__(self, hub: HubApi) -> None:
        self._hub = hub
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self._refused: OrderedDict[bytes, Known] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[User]] = {}
        self._unknown = asyncio.Semaphore(UNKNOWN_AT_ONCE)
        self._waiting = 0

    def __len__(self) -> int:
        return len(self._known)

    async def owner(self, token: str) -> User:
        """Whose token that is. Raises HubRefusal, HubUnreachable."""
        key = hashlib.sha256(token.encode()).digest()
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            if time.monotonic() - known.at < KNOWN_SECONDS:
                return said(known)
        refused = self._refused.get(key)
        if refused is not None and time.monotonic() - refused.at < REFUSED_SECONDS:
            return said(refused)
        asking = self._asking.get(key)
        if asking is None:
            if known is None and self._waiting >= UNKNOWN_AT_ONCE + UNKNOWN_WAITING:
                raise HubUnreachable("too many unknown tokens are asked about")
            asking = self._asking[key] = asyncio.create_task(self._ask(key, token))
            asking.add_done_callback(lambda done: self._asked(key, done))
        try:
            # Others wait for the same answer, so that one who leaves does not end it.
            return await asyncio.shield(asking)
        except HubUnreachable:
            if known is None or time.monotonic() - known.at > WITHOUT_HUB_SECONDS:
                raise
            return said(known)

    def forget(self, token: str) -> None:
        """Ask the Hub again at the next request with that token."""
        key = hashlib.sha256(token.encode()).digest()
        self._known.pop(key, None)
        self._refused.pop(key, None)

    def _asked(self, key: bytes, done: asyncio.Task[User]) -> None:
        del self._asking[key]
        if not done.cancelled():
            done.exception()  # known to be looked at, although all who waited may have left

    async def _ask(self, key: bytes, token: str) -> User:
        answer: User | HubRefusal
        try:
            if key in self._known:
                answer = await self._hub.user(token)
            else:
                answer = await self._ask_of_unknown(token)
        except HubRefusal as refusal:
            answer = refusal
        known = Known(said=answer, at=time.monotonic())
        if isinstance(answer, HubRefusal):
            self._known.pop(key, None)
            kept, most = self._refused, KEPT_REFUSALS
        else:
            self._refused.pop(key, None)
            kept, most = self._known, KEPT_TOKENS
        kept[key] = known
        while len(kept) > most:
            kept.popitem(last=False)
        return said(known)

    async def _ask_of_unknown(self, token: str) -> User:
        self._waiting += 1
        try:
            async with self._unknown:
                return await self._hub.user(token)
        finally:
            self._waiting -= 1


def said(known: Known) -> User:
    """Raises the HubRefusal where it was one, anew, because each raise adds to its traceback."""
    if isinstance(known.said, HubRefusal):
        refusal = known.said
        raise HubRefusal(
            status=refusal.status, message=refusal.message, retry_after=refusal.retry_after
        )
    return known.said
