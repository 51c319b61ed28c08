"""Clients that describe themselves in a document whose URL is their id."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2

from jmcp.hub.oauth.client import Client, shown_name
from jmcp.hub.oauth.document_fetch import DocumentFetch, DocumentRefused, url_problem
from jmcp.hub.oauth.limits import RateLimit
from jmcp.hub.oauth.redirect_uris import problem_of

KEPT_SECONDS = 600.0
SHORTEST_SECONDS, LONGEST_SECONDS = 60.0, 3_600.0
"""What a document's own max-age may ask for."""

STALE_SECONDS = 3_600.0
"""A document is believed for so long after its end while too many others are asked for."""

REFUSED_SECONDS = 60.0
"""A document that cannot be used is not asked for again before."""

KEPT_DOCUMENTS = 500
MAX_REDIRECTS = 20
MAX_AGE = re.compile(r"max-age=(\d{1,9})")
OFF = (
    "this gateway does not read the documents of clients; configure the client to register itself "
    "(RFC 7591), or with a token"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPolicy:
    """Whose documents are read: of all hosts; with `hosts` of those alone; none where `enabled` is
    False."""

    enabled: bool = True
    hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    client: Client | None
    refusal: str = ""
    until: float = field(default=0.0)


class ClientDocuments:
    """The documents, read once and kept for a while: in memory, as each replica may read them."""

    def __init__(
        self,
        policy: DocumentPolicy,
        fetch: DocumentFetch,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._fetch = fetch
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._reading: dict[str, asyncio.Task[_Kept]] = {}
        # A stranger chooses what is read, so that all readings together have a limit.
        self._limit = RateLimit(
            burst=20, per_minute=20, all_burst=20, all_per_minute=20, clock=clock
        )

    @property
    def enabled(self) -> bool:
        return self._policy.enabled

    async def client(self, url: str) -> Client:
        """The client of that id. Raises DocumentRefused."""
        reason = self._refused(url)
        if reason:
            raise DocumentRefused(reason)
        kept = self._kept.get(url)
        if kept is not None:
            self._kept.move_to_end(url)  # used: those that nobody asks for go first
        if kept is None or kept.until <= self._clock():
            kept = self._while_others_ask(url, kept) or await self._read_once(url)
        if kept.client is None:
            raise DocumentRefused(kept.refusal)
        return kept.client

    def _refused(self, url: str) -> str:
        if not self._policy.enabled:
            return OFF
        reason = url_problem(url)
        if not reason and self._policy.hosts and urlsplit(url).hostname not in self._policy.hosts:
            return "this gateway reads documents of other hosts only"
        return reason

    def _while_others_ask(self, url: str, kept: _Kept | None) -> _Kept | None:
        """A client that is known, for an hour more where too many documents are asked for just now: a
        stranger who names one after the other keeps nobody from a login with another."""
        if kept is None or kept.client is None or kept.until + STALE_SECONDS <= self._clock():
            return None
        return kept if url not in self._reading and self._limit.is_empty("") else None

    async def _read_once(self, url: str) -> _Kept:
        """One reading, however many wait for it; whoever leaves does not end it for the others."""
        reading = self._reading.get(url)
        if reading is None:
            if self._limit.admit(""):
                raise DocumentRefused("too many documents were asked for; try again in a minute")
            reading = asyncio.create_task(self._read(url))
            self._reading[url] = reading
            reading.add_done_callback(lambda _: self._reading.pop(url, None))
        return await asyncio.shield(reading)

    async def _read(self, url: str) -> _Kept:
        try:
            body, headers = await self._fetch.read(url)
            client = client_of(url, body)
        except DocumentRefused as refused:
            kept = _Kept(client=None, refusal=str(refused), until=self._clock() + REFUSED_SECONDS)
        else:
            kept = _Kept(client=client, until=self._clock() + _seconds(headers))
        self._kept[url] = kept
        self._kept.move_to_end(url)
        while len(self._kept) > KEPT_DOCUMENTS:
            self._kept.popitem(last=False)
        return kept


def client_of(url: str, body: bytes) -> Client:
    """The client that a document describes. Raises DocumentRefused."""
    try:
        values: Any = json.loads(body)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise DocumentRefused("the document is not a JSON object")
    if values.get("client_id") != url:
        raise DocumentRefused("the document is of another client_id than its URL")
    if values.get("token_endpoint_auth_method", "none") != "none" or "client_secret" in values:
        raise DocumentRefused(
            "the document is not of a public client (token_endpoint_auth_method none)"
        )
    uris = values.get("redirect_uris")
    if not isinstance(uris, list) or not 0 < len(uris) <= MAX_REDIRECTS:
        raise DocumentRefused(f"the document has no redirect_uris, or more than {MAX_REDIRECTS}")
    # A document is for many servers: what this one does not take is left out, not refused.
    taken = tuple(uri for uri in uris if isinstance(uri, str) and not problem_of(uri))
    if not taken:
        raise DocumentRefused("none of the document's redirect_uris can be taken")
    return Client(
        id=url,
        name=shown_name(values.get("client_name"), str(urlsplit(url).hostname)),
        redirect_uris=taken,
    )


def _seconds(headers: httpx2.Headers) -> float:
    """How long a document is kept."""
    said = MAX_AGE.search(headers.get("cache-control", ""))
    wanted = float(said[1]) if said else KEPT_SECONDS
    return min(max(wanted, SHORTEST_SECONDS), LONGEST_SECONDS)
