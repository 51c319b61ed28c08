"""The SDK's sessions of the handshake era, for calls that are answered beside its machinery.

The SDK has no public way to look a session up: this module alone reads two private attributes of
its manager, within the version range that is declared, and tests fail when those change.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, authorization_context
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.streamable_http import StreamableHTTPServerTransport
from mcp.shared.dispatcher import coerce_request_id
from mcp_types import RequestId
from starlette.types import Scope

from jmcp.transport.mcp.streamable_http import StreamableHttp

HANDSHAKE_ACCEPTED = "jmcp.handshake_accepted"
"""Set in the scope of a request whose `initialize` succeeded."""


class HandshakeSession:
    """An initialized session, by the value of its Mcp-Session-Id header, and its direct calls."""

    def __init__(
        self, session_id: str, transport: StreamableHTTPServerTransport, idle_seconds: float | None
    ) -> None:
        self.id = session_id
        self._transport = transport
        self._idle_seconds = idle_seconds
        self._calls: dict[RequestId, asyncio.Timeout] = {}

    @property
    def ended(self) -> bool:
        idle = self._transport.idle_scope
        return self._transport.is_terminated or (idle is not None and idle.cancel_called)

    @contextmanager
    def calling(self, request_id: RequestId, limit: asyncio.Timeout) -> Iterator[None]:
        """While this lasts, `cancel` makes `limit` expire, and the session is in use."""
        key = coerce_request_id(request_id)
        self._calls[key] = limit
        self._touch()
        try:
            yield
        finally:
            if self._calls.get(key) is limit:
                del self._calls[key]
            self._touch()

    def cancel(self, request_id: RequestId | None = None) -> None:
        """Cancel that call, or all of them."""
        now = asyncio.get_running_loop().time()
        key = None if request_id is None else coerce_request_id(request_id)
        for called, limit in self._calls.items():
            if key is None or called == key:
                limit.reschedule(now)

    def _touch(self) -> None:
        """Begin the idle time anew, unless the SDK has suspended it for a request of its own."""
        idle = self._transport.idle_scope
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
            ctx.request.scope[HANDSHAKE_ACCEPTED] = True
        return result

    def opened(self, session_id: str, scope: Scope) -> None:
        """The request of that scope was answered with that session id."""
        transport = self._protocol.manager._server_instances.get(session_id)
        if transport is not None and HANDSHAKE_ACCEPTED in scope:
            idle_seconds = self._protocol.manager.session_idle_timeout
            self._initialized[transport] = HandshakeSession(session_id, transport, idle_seconds)

    def find(self, session_id: str, scope: Scope) -> HandshakeSession | None:
        """That session, if it is initialized and the user of the request opened it."""
        transport = self._protocol.manager._server_instances.get(session_id)
        session = None if transport is None else self._initialized.get(transport)
        if session is None or session.ended:
            return None
        user = scope.get("user")
        owner = authorization_context(user) if isinstance(user, AuthenticatedUser) else None
        return session if owner == self._protocol.manager._session_owners.get(session_id) else None
