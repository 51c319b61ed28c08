"""The SDK's sessions of the handshake era, for calls that are answered beside its machinery.

The SDK has no public way to look a session up or to end one: this module alone uses three private
attributes of its manager, within the version range that is declared, and tests fail when those
change.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from weakref import WeakKeyDictionary, ref

from anyio import CancelScope
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, authorization_context
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.streamable_http import StreamableHTTPServerTransport
from mcp.shared.dispatcher import coerce_request_id
from mcp_types import RequestId
from starlette.types import Scope

from jmcp.transport.mcp.client_name import named
from jmcp.transport.mcp.confirmations import can_ask
from jmcp.transport.mcp.streamable_http import StreamableHttp
from jmcp.transport.mcp.views import shows_views

HANDSHAKE_CLIENT = "jmcp.handshake_client"
"""The client, in the scope of a request whose `initialize` succeeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeClient:
    """What a client said of itself in `initialize`: its name, whether it asks its user questions, and
    whether it shows views."""

    name: str | None = None
    can_ask: bool = False
    views: bool = False

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Self:
        capabilities = params.get("capabilities")
        return cls(
            name=named(params.get("clientInfo")),
            can_ask=can_ask(capabilities),
            views=shows_views(capabilities),
        )


def connection_id(session_id: str) -> str:
    """The name of a handshake-era session as the connection of its calls."""
    return f"mcp:{session_id}"


@dataclass(eq=False, slots=True)
class DirectCallLimit:
    """A call under way. One that its client has `withdrawn` is not answered."""

    limit: asyncio.Timeout
    withdrawn: bool = False


class HandshakeSession:
    """An initialized session, by the value of its Mcp-Session-Id header, and its direct calls.

    `client` is the name that its client gave itself; `can_ask`: it asks its user questions; `views`:
    it shows views.
    """

    def __init__(
        self,
        session_id: str,
        transport: StreamableHTTPServerTransport,
        idle_seconds: float | None,
        client: HandshakeClient | None = None,
    ) -> None:
        self.id = session_id
        self.client = client.name if client is not None else None
        self.can_ask = client is not None and client.can_ask
        self.views = client is not None and client.views
        # Weak, because a transport is the key under which its session is kept.
        self._transport = ref(transport)
        self._idle_seconds = idle_seconds
        self._calls: dict[RequestId, DirectCallLimit] = {}

    @property
    def ended(self) -> bool:
        transport = self._transport()
        if transport is None or transport.is_terminated:
            return True
        return transport.idle_scope is not None and transport.idle_scope.cancel_called

    @property
    def unused_since(self) -> float:
        """The moment of the loop's clock after which it had nothing to do; infinite while it has."""
        idle = self._idle_scope
        if self._calls or idle is None or self._idle_seconds is None:
            return math.inf
        return idle.deadline - self._idle_seconds

    @property
    def _idle_scope(self) -> CancelScope | None:
        transport = self._transport()
        return None if transport is None else transport.idle_scope

    @contextmanager
    def calling(self, request_id: RequestId, limit: asyncio.Timeout) -> Iterator[DirectCallLimit]:
        """While this lasts, `cancel` makes `limit` expire, and the session is in use."""
        key = coerce_request_id(request_id)
        call = self._calls[key] = DirectCallLimit(limit)
        self._touch()
        try:
            yield call
        finally:
            if self._calls.get(key) is call:
                del self._calls[key]
            self._touch()

    def cancel(self, request_id: RequestId | None = None) -> None:
        """Cancel that call, which its client has withdrawn, or all of them."""
        now = asyncio.get_running_loop().time()
        key = None if request_id is None else coerce_request_id(request_id)
        for called, call in self._calls.items():
            if key is None or called == key:
                call.withdrawn = key is not None
                call.limit.reschedule(now)

    def _touch(self) -> None:
        """Begin the idle time anew, unless the SDK has suspended it for a request of its own."""
        idle = self._idle_scope
        if idle is not None and self._idle_seconds is not None and idle.deadline != math.inf:
            idle.deadline = asyncio.get_running_loop().time() + self._idle_seconds


class HandshakeSessions:
    """The initialized sessions of the SDK's manager. Also a middleware of its server, to see
    `initialize`."""

    def __init__(self, protocol: StreamableHttp) -> None:
        self._protocol = protocol
        self._initialized: WeakKeyDictionary[StreamableHTTPServerTransport, HandshakeSession] = (
            WeakKeyDictionary()
        )

    async def __call__(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        result = await call_next(ctx)
        if ctx.method == "initialize" and ctx.request is not None:
            # The SDK keeps it only once the client is ready.
            ctx.request.scope[HANDSHAKE_CLIENT] = HandshakeClient.of(ctx.params or {})
        return result

    async def make_room(self) -> bool:
        """End a session if there are as many as may be; False if all of them are in use.

        The one that was unused for longest, of whoever has most of them: a client that opens one
        after the other takes no other's.
        """
        manager = self._protocol.manager
        open_sessions, limit = manager._server_instances, manager.max_sessions
        if limit is None or len(open_sessions) < limit:
            return True
        owned: Counter[str] = Counter()
        unused: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
        for session_id, transport in open_sessions.items():
            known = manager._session_owners.get(session_id)
            owner = "" if known is None else known["client_id"]
            owned[owner] += 1
            session = self._initialized.get(transport) or self._known(session_id, transport)
            if session.unused_since < math.inf:
                unused[owner].append((session.unused_since, session_id))
        if not unused:
            return False
        _, session_id = min(unused[max(unused, key=lambda owner: owned[owner])])
        await manager._discard_session(session_id, open_sessions[session_id])
        return True

    def opened(self, session_id: str, scope: Scope) -> None:
        """The request of that scope was answered with that session id."""
        transport = self._protocol.manager._server_instances.get(session_id)
        if transport is not None and HANDSHAKE_CLIENT in scope:
            client = scope[HANDSHAKE_CLIENT]
            self._initialized[transport] = self._known(session_id, transport, client)

    def is_open(self, session_id: str) -> bool:
        """Whether that session has not ended."""
        return session_id in self._protocol.manager._server_instances

    def _known(
        self,
        session_id: str,
        transport: StreamableHTTPServerTransport,
        client: HandshakeClient | None = None,
    ) -> HandshakeSession:
        idle_seconds = self._protocol.manager.session_idle_timeout
        return HandshakeSession(session_id, transport, idle_seconds, client)

    def find(self, session_id: str, scope: Scope) -> HandshakeSession | None:
        """That session, if it is initialized and the user of the request opened it."""
        transport = self._protocol.manager._server_instances.get(session_id)
        session = None if transport is None else self._initialized.get(transport)
        if session is None or session.ended:
            return None
        user = scope.get("user")
        owner = authorization_context(user) if isinstance(user, AuthenticatedUser) else None
        return session if owner == self._protocol.manager._session_owners.get(session_id) else None
