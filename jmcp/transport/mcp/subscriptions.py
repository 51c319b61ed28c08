"""Change notifications: `resources/subscribe` of the handshake era, `subscriptions/listen` later.

A client is told of what others change, never of its own changes. It has to be there: over HTTP in
the handshake era with its stream open (GET), later with the stream of its request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http import MCP_SESSION_ID_HEADER
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import ResourceUpdated

from jmcp.core.calls.call import Caller, Calls, Watching
from jmcp.core.calls.resources import found
from jmcp.core.errors import ToolError
from jmcp.transport.mcp.handshake_sessions import connection_id
from jmcp.transport.mcp.protocol_errors import refusal

Context = ServerRequestContext[Any, Any]
MOST_STREAMS = 16
"""Streams of `subscriptions/listen` that one owner may have open."""
TOO_LARGE = "resource_too_large"
"""What cannot be read in one piece can be watched all the same."""
URI_CHARACTERS = 500


class Subscriptions:
    """Who is told of which resources. `is_open` says whether a handshake-era session still is."""

    def __init__(self, dispatcher: Calls) -> None:
        self._dispatcher = dispatcher
        self._held: dict[tuple[str | None, str], Watching] = {}
        self._listening: Counter[str] = Counter()
        self._streams: dict[ListenHandler, str] = {}
        self.is_open: Callable[[str], bool] = lambda _: True

    @contextmanager
    def listening(self, session_id: str) -> Iterator[None]:
        """While this lasts, that session's client has its stream of notifications open."""
        self._listening[session_id] += 1
        try:
            yield
        finally:
            self._listening[session_id] -= 1
            if not self._listening[session_id]:
                del self._listening[session_id]

    def end(self, session_id: str) -> None:
        """That session has ended: its client is told nothing more."""
        connection = connection_id(session_id)
        for key in [key for key in self._held if key[0] == connection]:
            self._held.pop(key).close()

    async def subscribe(
        self, context: Context, params: types.SubscribeRequestParams, caller: Caller
    ) -> types.EmptyResult:
        """Raises MCPError for what cannot be watched, or is too much."""
        uri = str(params.uri)
        self._held = {key: held for key, held in self._held.items() if not held.closed}
        session = context.session

        async def tell() -> None:
            await session.send_resource_updated(uri)

        holder = _holder(context, caller)
        if (holder, uri) not in self._held:
            try:
                held = await self._watched(uri, caller, tell, self._reachable(context))
            except ToolError as error:
                raise refusal(error) from error
            # A second request for the same may have been served meanwhile.
            if (known := self._held.get((holder, uri))) is not None:
                known.close()
            self._held[holder, uri] = held
        return types.EmptyResult()

    async def unsubscribe(
        self, context: Context, params: types.UnsubscribeRequestParams, caller: Caller
    ) -> types.EmptyResult:
        held = self._held.pop((_holder(context, caller), str(params.uri)), None)
        if held is not None:
            held.close()
        return types.EmptyResult()

    async def listen(
        self, context: Context, params: types.SubscriptionsListenRequestParams, caller: Caller
    ) -> types.SubscriptionsListenResult:
        """Serve one stream, until its client leaves. What cannot be watched is left out of what it
        is promised."""
        if list(self._streams.values()).count(caller.owner) >= MOST_STREAMS:
            limits = self._dispatcher.api.policy.errors.session_limit
            raise refusal(limits.subscriptions(limit=MOST_STREAMS))
        bus = InMemorySubscriptionBus()
        # Not its own bound on streams, which is that of all clients together.
        handler = ListenHandler(bus)
        watched: dict[str, Watching] = {}
        self._streams[handler] = caller.owner
        try:
            for uri in dict.fromkeys(params.notifications.resource_subscriptions or ()):
                with suppress(ToolError, MCPError):
                    watched[uri] = await self._watched(
                        uri, caller, _publisher(bus, uri), lambda: True
                    )
            honored = params.notifications.model_copy(
                update={"resource_subscriptions": list(watched) or None}
            )
            return await handler(context, params.model_copy(update={"notifications": honored}))
        finally:
            del self._streams[handler]
            for held in watched.values():
                held.close()

    def close(self) -> None:
        """End all streams, as MCP has it, and tell nobody any more."""
        for handler in list(self._streams):
            handler.close()
        held, self._held = self._held, {}
        for one in held.values():
            one.close()

    async def _watched(
        self,
        uri: str,
        caller: Caller,
        tell: Callable[[], Awaitable[None]],
        reachable: Callable[[], bool | None],
    ) -> Watching:
        """Raises ToolError, and MCPError for what never changes."""
        outcome = await self._dispatcher.call("read_resource", {"uri": uri, "limit": 1}, caller)
        if outcome.error is not None and outcome.error.code != TOO_LARGE:
            raise outcome.error
        kind = found(self._dispatcher.api.resources, uri)
        assert kind is not None  # else it could not be read
        template, values = kind
        parts = {part: values[name] for name, part in template.parts.items() if part is not None}
        path = parts.get("notebook")
        if path is None:
            text = self._dispatcher.api.policy.phrases.never_changes(uri=uri[:URI_CHARACTERS])
            raise MCPError(code=types.INVALID_PARAMS, message=text)
        return await self._dispatcher.watch(
            path.removeprefix("/"), parts.get("cell"), caller, tell=tell, reachable=reachable
        )

    def _reachable(self, context: Context) -> Callable[[], bool | None]:
        """Over stdio a client is there for as long as the process."""
        request = context.request
        session_id = None if request is None else request.headers.get(MCP_SESSION_ID_HEADER)
        if session_id is None:
            return lambda: True

        def reachable() -> bool | None:
            return self._listening[session_id] > 0 if self.is_open(session_id) else None

        return reachable


def _holder(context: Context, caller: Caller) -> str | None:
    """Whose a subscription of the handshake era is: it ends with the session, whatever name the
    client's connection has."""
    session = (
        None if context.request is None else context.request.headers.get(MCP_SESSION_ID_HEADER)
    )
    return connection_id(session) if session else caller.connection


def _publisher(bus: InMemorySubscriptionBus, uri: str) -> Callable[[], Awaitable[None]]:
    async def publish() -> None:
        await bus.publish(ResourceUpdated(uri=uri))

    return publish
