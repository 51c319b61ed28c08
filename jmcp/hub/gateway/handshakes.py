"""The handshakes of older clients, made again for them on a server that was started anew.

Until 2025-11-25 a client of MCP has a session of the protocol's own, which its server forgets when it
stops. The protocol has the client begin another one then, and few do.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from jmcp.hub.gateway.forwarding import Answer, AnswerLost, Forwarded, Forwarding

SESSION = b"mcp-session-id"
VERSION = b"mcp-protocol-version"
INITIALIZED = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
LARGEST_BYTES = 16_384
"""Of a handshake that is remembered; those of clients have some hundred."""
MOST = 20_000
"""Handshakes that are remembered, those used last: about 1 kB each."""
MOST_OF_ONE = 200
"""Of one user."""
ANSWER_BYTES = 1_048_576


@dataclass(slots=True, kw_only=True)
class Handshake:
    """What a client sent to begin its session, and the id of that on the server as it runs now. The
    client goes on with the id that it was given."""

    request: Forwarded
    current: bytes
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Handshakes:
    """The handshakes of all users that went through this gateway."""

    def __init__(self, forwarding: Forwarding) -> None:
        self._forwarding = forwarding
        self._known: dict[str, OrderedDict[bytes, Handshake]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def translated(self, request: Forwarded) -> Forwarded:
        """The request, with the id that its server knows the session by."""
        handshake = self._of(request)
        return request if handshake is None else with_session(request, handshake.current)

    def note(self, request: Forwarded, answer: Answer) -> None:
        """See what an answer says about sessions: one has begun, or ended; and give the client back
        the id that it knows."""
        given = session_of(request)
        made = answer.header(SESSION)
        if given:
            answer.session = given if made else b""
            if request.method == b"DELETE" and answer.status < 300:
                self._forget(request.user, given)
        elif made and answer.status == 200 and len(request.body) <= LARGEST_BYTES:
            self._remember(request, made)

    async def again(self, request: Forwarded, sent: Forwarded) -> bool:
        """Whether the request, which the server refused because it does not know the session, can be
        sent once more: the session was begun anew. `sent` is the request as the server got it."""
        handshake = self._of(request)
        if handshake is None:
            return False
        async with handshake.turn:
            if handshake.current != session_of(sent):
                return True  # somebody else has done it meanwhile
            begun = await self._begun(handshake, request)
            if begun is None:
                return False
            handshake.current = begun
        return True

    async def _begun(self, handshake: Handshake, request: Forwarded) -> bytes | None:
        """The id of a new session; None where the server begins none."""
        # With the token of now: the one of then may be revoked.
        opening = replace(handshake.request, token=request.token)
        session = await self._sent(opening, SESSION)
        if not session:
            return None
        version = [pair for pair in request.headers if pair[0].lower() == VERSION]
        headers = [*opening.headers, *version, (SESSION, session)]
        await self._sent(replace(opening, headers=headers, body=INITIALIZED), SESSION)
        return session

    async def _sent(self, request: Forwarded, name: bytes) -> bytes:
        """That header of the answer; nothing where the server does not answer as it should."""
        try:
            answer = await self._forwarding.send(request)
        except AnswerLost:
            return b""
        try:
            await answer.body(ANSWER_BYTES)
        except AnswerLost:
            return b""
        finally:
            await answer.close()
        return answer.header(name) if answer.is_of_jmcp and answer.status == 200 else b""

    def _of(self, request: Forwarded) -> Handshake | None:
        session = session_of(request)
        known = self._known.get(request.user) if session else None
        handshake = known.get(session) if known else None
        if known is not None and handshake is not None:
            known.move_to_end(session)
        return handshake

    def _remember(self, request: Forwarded, session: bytes) -> None:
        known = self._known.pop(request.user, None) or OrderedDict()
        self._known[request.user] = known  # the user who began one last is forgotten last
        self._count += session not in known
        known[session] = Handshake(request=replace(request, token=""), current=session)
        if len(known) > MOST_OF_ONE:
            known.popitem(last=False)
            self._count -= 1
        while self._count > MOST:
            longest_ago = next(iter(self._known))
            self._count -= len(self._known.pop(longest_ago))

    def _forget(self, user: str, session: bytes) -> None:
        known = self._known.get(user)
        if known is not None and known.pop(session, None) is not None:
            self._count -= 1
            if not known:
                del self._known[user]


def session_of(request: Forwarded) -> bytes:
    """The id of the protocol's session that the request names; empty where it names none."""
    return next((value for name, value in request.headers if name.lower() == SESSION), b"")


def with_session(request: Forwarded, session: bytes) -> Forwarded:
    headers = [
        (name, session if name.lower() == SESSION else value) for name, value in request.headers
    ]
    return replace(request, headers=headers)
