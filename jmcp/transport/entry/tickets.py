"""Tickets: one-time credentials for a browser, and the tokens of pages that came in with one.

Whoever has a token asks for a ticket and puts it into the URL that a browser opens. A URL may be kept
or logged, so a ticket is good once and for a minute. All of it is in memory: a restart ends it.

This module loads while Jupyter starts, so it imports nothing of the MCP SDK.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from jmcp.core.calls.principal import Named, Principal
from jmcp.transport.problems import Problem

TICKET_SECONDS = 60.0
"""Enough for a browser that has to start first."""

REMEMBERED_SECONDS = 600.0
"""So long after its end is known why a ticket is refused."""

MAX_TICKETS = 1_000
PAGE_SECONDS = 12 * 3600
MAX_PAGES = 1_000
"""Tokens of pages that are kept; one more ends the one that was unused for longest."""

RANDOM_BYTES = 24
PAGE_PREFIX = "jmcp_page_"

AGAIN = "Ask for another one where this one came from: jmcp open, or the page that shows this one."
UNKNOWN = f"This server knows no such ticket: it was restarted since, or the URL is cut. {AGAIN}"
USED = f"This ticket was used already, and each is good once. {AGAIN}"
EXPIRED = f"This ticket has expired: it was good for {TICKET_SECONDS:.0f} s. {AGAIN}"
REVOKED = "The token that this ticket was asked for with was removed, or has expired."
TOO_MANY = f"There are {MAX_TICKETS} tickets that nobody used yet, which is the limit."

Known = Callable[[bytes], Principal | None]
"""Finds the principal of a named token by its digest; None once it was removed or has expired."""


@dataclass(slots=True, kw_only=True)
class Ticket:
    """A ticket without its text. Times are those of the tickets' clock."""

    principal: Principal
    expires: float
    used: bool = False


class Tickets:
    """The tickets of one server. Each is kept as a hash."""

    def __init__(self, known: Known, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._known = known
        self._clock = clock
        self._tickets: OrderedDict[bytes, Ticket] = OrderedDict()

    def issue(self, principal: Principal) -> str:
        """A ticket for that principal. Raises Problem 429."""
        self._forget()
        if len(self._tickets) >= MAX_TICKETS:
            raise Problem(429, TOO_MANY, code="too_many_tickets")
        text = secrets.token_urlsafe(RANDOM_BYTES)
        expires = self._clock() + TICKET_SECONDS
        self._tickets[_digest(text)] = Ticket(principal=principal, expires=expires)
        return text

    def redeem(self, text: str) -> Principal:
        """Whose ticket it is, as that one's rights are now. Raises Problem 401."""
        ticket = self._tickets.get(_digest(text))
        if ticket is None:
            raise Problem(401, UNKNOWN, code="ticket_unknown")
        if ticket.used:
            raise Problem(401, USED, code="ticket_used")
        if ticket.expires <= self._clock():
            raise Problem(401, EXPIRED, code="ticket_expired")
        ticket.used = True
        principal = current(ticket.principal, self._known)
        if principal is None:
            raise Problem(401, REVOKED, code="ticket_revoked")
        return principal

    def _forget(self) -> None:
        """Forget what ended long ago; where there are too many, all that ended. They end in the order
        in which they were made."""
        now = self._clock()
        while self._tickets:
            digest, oldest = next(iter(self._tickets.items()))
            if oldest.expires + REMEMBERED_SECONDS > now:
                break
            del self._tickets[digest]
        if len(self._tickets) >= MAX_TICKETS:
            for digest, ticket in [*self._tickets.items()]:
                if ticket.used or ticket.expires <= now:
                    del self._tickets[digest]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageToken:
    """Whom a page's token stands for, until that time of the tokens' clock."""

    principal: Principal
    expires: float


class PageTokens:
    """Tokens of pages that came in with a ticket. Each does what the one may that asked for the
    ticket, and ends with that one's token."""

    def __init__(self, known: Known, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._known = known
        self._clock = clock
        self._tokens: OrderedDict[bytes, PageToken] = OrderedDict()

    def create(self, principal: Principal) -> str:
        text = f"{PAGE_PREFIX}{secrets.token_hex(RANDOM_BYTES)}"
        while len(self._tokens) >= MAX_PAGES:
            self._tokens.popitem(last=False)
        expires = self._clock() + PAGE_SECONDS
        self._tokens[_digest(text)] = PageToken(principal=principal, expires=expires)
        return text

    def principal(self, text: str) -> Principal | None:
        """Whom that token stands for; None for an unknown, expired or revoked one."""
        digest = _digest(text)
        token = self._tokens.get(digest)
        if token is None:
            return None
        principal = current(token.principal, self._known)
        if principal is None or token.expires <= self._clock():
            del self._tokens[digest]
            return None
        self._tokens.move_to_end(digest)
        return replace(principal, of_page=True)

    def beside(self, named: Named) -> Named:
        """Finds the principals of these tokens, and of all that `named` knows."""

        def principal(token: str) -> Principal | None:
            return self.principal(token) if token.startswith(PAGE_PREFIX) else named(token)

        return principal


def current(principal: Principal, known: Known) -> Principal | None:
    """The principal as it is now: that of a named token may have been revoked since."""
    return known(principal.token_digest) if principal.token_digest else principal


def either(known: Known, other: Known | None) -> Known:
    """Finds the principals that the one knows and those that the other does, where there is one."""
    if other is None:
        return known
    return lambda digest: known(digest) or other(digest)


def _digest(text: str) -> bytes:
    # A fast hash is right: nobody can guess 192 random bits.
    return hashlib.sha256(text.encode(errors="surrogateescape")).digest()
