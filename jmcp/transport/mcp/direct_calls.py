"""`tools/call` over HTTP, answered as JSON without the SDK's streams and task groups.

Those are for messages beside the result, and cost more than most tools do (decision 22). Whatever
is not a plain call of a client that wants no progress is passed on to the SDK as it came, and so
is every invalid request: all errors of the protocol are the SDK's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import mcp_types as types
from mcp.server.streamable_http import MCP_SESSION_ID_HEADER, REQUEST_CANCELLED
from mcp.shared.inbound import (
    MCP_PROTOCOL_VERSION_HEADER,
    InboundModernRoute,
    classify_inbound_request,
)
from mcp.shared.jsonrpc_dispatcher import cancelled_request_id_from_params
from mcp_types.methods import validate_client_request
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_HANDSHAKE_VERSION
from opentelemetry.trace import ProxyTracerProvider, get_tracer_provider
from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jmcp.core.calls.call import Calls, Outcome
from jmcp.core.calls.tool import CONFIRMATION_REQUIRED
from jmcp.core.errors import ENDS_TASK
from jmcp.transport.disconnects import until_disconnect, until_expired
from jmcp.transport.json_text import encoded
from jmcp.transport.mcp.client_name import client_in
from jmcp.transport.mcp.confirmations import can_ask
from jmcp.transport.mcp.handshake_sessions import (
    HandshakeSession,
    HandshakeSessions,
    connection_id,
)
from jmcp.transport.mcp.http_messages import (
    CONNECTION_HEADER,
    Headers,
    decoded,
    header_of,
    is_negotiated,
    known_headers,
    named_connection,
    readable_stream,
    replayed,
)
from jmcp.transport.mcp.late_answers import LateAnswer
from jmcp.transport.mcp.open_streams import while_admitted
from jmcp.transport.mcp.result_form import ResultForm
from jmcp.transport.mcp.server import COMPLETE, result_data
from jmcp.transport.mcp.subscriptions import Subscriptions
from jmcp.transport.mcp.tool_list import ToolList
from jmcp.transport.mcp.views import shows_views
from jmcp.transport.middleware.principal import caller
from jmcp.transport.problems import Problem

MODERN_VERSION = "2026-07-28"
"""The revision without sessions whose results are made here; a later one is left to the SDK."""

MESSAGE_KEYS = frozenset({"jsonrpc", "id", "method", "params"})
PARAM_KEYS = frozenset({"name", "arguments", "_meta"})
ALL_IN_USE = (
    "All MCP sessions that this server may have (its option max_mcp_sessions) are in use; end one "
    "(DELETE), use protocol revision 2026-07-28, which has none, or try again later."
)
log = logging.getLogger("jmcp")


class Asking(Protocol):
    """What lasts while a message is answered, with its `_meta`."""

    def __call__(
        self, method: str, request_id: Any, meta: Mapping[str, Any] | None
    ) -> AbstractContextManager[None]: ...


class Withdrawn(Exception):
    """The client cancelled the call, and MCP has no answer to that."""


class Unconfirmed(Exception):
    """The call was refused until somebody confirms it, and its client can ask its user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectCall:
    """A valid call; `session` is None in the revision without sessions. `client` is the name that
    its client gave itself, `connection` names what can stand for the session. `structured`: it gets
    structured content. `can_ask`: it asks its user questions. `views`: it shows views."""

    request_id: types.RequestId
    tool: str
    arguments: dict[str, Any]
    session: HandshakeSession | None
    client: str | None
    connection: str | None
    structured: bool
    can_ask: bool
    views: bool


class DirectCalls:
    """An ASGI application in front of `protocol`, the SDK's. `asked`, where there is one, is entered for
    each call."""

    def __init__(
        self,
        protocol: ASGIApp,
        sessions: HandshakeSessions,
        dispatcher: Calls,
        tool_list: ToolList,
        server_stamp: Mapping[str, Any],
        form: ResultForm,
        subscriptions: Subscriptions,
    ) -> None:
        self._subscriptions = subscriptions
        self._protocol = protocol
        self._sessions = sessions
        self._dispatcher = dispatcher
        self._tool_list = tool_list
        self._server_stamp = server_stamp
        self._form = form
        self.asked: Asking | None = None
        # Somebody set OpenTelemetry up: the SDK makes the spans.
        self._traced = not isinstance(get_tracer_provider(), ProxyTracerProvider)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = known_headers(scope)
        if scope["method"] != "POST":
            session = self._session(scope, headers)
            if scope["method"] == "GET" and session is not None:
                with self._subscriptions.listening(session.id):
                    await while_admitted(self._protocol, scope, receive, send)
                return
            await self._protocol(scope, receive, send)
            if session is not None and session.ended:  # by a DELETE
                session.cancel()
                self._subscriptions.end(session.id)
            return
        received = [await receive()]
        while received[-1].get("more_body"):
            received.append(await receive())
        message = decoded(b"".join(part.get("body", b"") for part in received))
        call = self._direct_call(scope, headers, message)
        if call is not None:
            try:
                if self.asked is None:
                    await self._answer(call, receive, send)
                else:
                    with self.asked("tools/call", call.request_id, message["params"].get("_meta")):
                        await self._answer(call, receive, send)
            except Unconfirmed:  # nothing was done: the SDK makes the call again, and asks
                pass
            else:
                return
        await self._pass_on(scope, headers, message, replayed(received, receive), send)

    # -- what is answered here -------------------------------------------------------------------

    def _direct_call(self, scope: Scope, headers: Headers, message: Any) -> DirectCall | None:
        """The call that a request is; None for one that the SDK has to answer."""
        if (
            not isinstance(message, dict)
            or message.get("method") != "tools/call"
            or message.keys() != MESSAGE_KEYS
            or message["jsonrpc"] != "2.0"
            or type(message["id"]) not in (str, int)
            or not is_negotiated(headers)
            or self._traced
        ):
            return None
        params = message["params"]
        if not self._is_plain(params):
            return None
        version = headers.get(MCP_PROTOCOL_VERSION_HEADER, LATEST_HANDSHAKE_VERSION)
        session = None
        if version in HANDSHAKE_PROTOCOL_VERSIONS:
            session = self._session(scope, headers)
            if session is None:
                return None
        elif version != MODERN_VERSION or not isinstance(
            classify_inbound_request(message, headers=headers), InboundModernRoute
        ):
            return None
        try:
            validate_client_request("tools/call", version, params)
        except ValidationError:
            return None
        if session is None:
            meta = params["_meta"]
            client, capabilities = client_in(meta), meta.get(types.CLIENT_CAPABILITIES_META_KEY)
            asks, views = can_ask(capabilities), shows_views(capabilities)
        else:
            client, asks, views = session.client, session.can_ask, session.views
        connection = named_connection(headers.get(CONNECTION_HEADER))
        if connection is None and session is not None:
            connection = connection_id(session.id)
        return DirectCall(
            request_id=message["id"],
            tool=params["name"],
            arguments=params.get("arguments", {}),
            session=session,
            client=client,
            connection=connection,
            structured=self._form.is_structured(client)
            or self._dispatcher.api.tools[params["name"]].for_view,
            can_ask=asks,
            views=views,
        )

    def _is_plain(self, params: Any) -> bool:
        """Whether these ask for a known tool, and for nothing but its result."""
        if not isinstance(params, dict) or not params.keys() <= PARAM_KEYS:
            return False
        name, meta = params.get("name"), params.get("_meta", {})
        if not (isinstance(name, str) and isinstance(meta, dict)):
            return False
        if name not in self._tool_list.names:
            return False
        # Only tools that run code report progress.
        runs = self._dispatcher.api.tools[name].on_disconnect is not None
        return isinstance(params.get("arguments", {}), dict) and not (
            runs and "progressToken" in meta
        )

    async def _answer(self, call: DirectCall, receive: Receive, send: Send) -> None:
        """Raises Unconfirmed, with nothing sent."""
        headers = []
        if call.session is not None:
            headers.append((MCP_SESSION_ID_HEADER.encode(), call.session.id.encode()))
        with LateAnswer(send, headers) as answering:
            try:
                outcome = await self._outcome(call, receive)
            except Withdrawn:
                await answering.send_nothing()
                return
            except ENDS_TASK:
                raise
            except BaseException:
                log.exception("tools/call of %s failed", call.tool)
                error = {"code": types.INTERNAL_ERROR, "message": "Internal server error"}
                answer: dict[str, Any] = {"error": error}
            else:
                # One who has been told to wait is not asked any more.
                if call.can_ask and _is_unconfirmed(outcome) and not answering.begun:
                    raise Unconfirmed
                if outcome is None:
                    error = {"code": REQUEST_CANCELLED, "message": "Request cancelled"}
                    answer = {"error": error}
                else:
                    answer = {"result": self._result(call, outcome)}
            await answering.send(encoded({"jsonrpc": "2.0", "id": call.request_id} | answer))

    async def _outcome(self, call: DirectCall, receive: Receive) -> Outcome | None:
        """None when the client left, or ended its session, before the call ended. Raises Withdrawn
        when it cancelled the call."""
        session = call.session
        if session is None:
            # There, closing the connection is how a client cancels.
            who = caller(call.connection, client=call.client, views=call.views)
            return await until_disconnect(
                receive, self._dispatcher.call(call.tool, call.arguments, who)
            )
        limit = asyncio.timeout(None)
        with session.calling(call.request_id, limit) as called:
            who = caller(call.connection, views=call.views)
            running = self._dispatcher.call(call.tool, call.arguments, who)
            if self._dispatcher.api.tools[call.tool].on_disconnect == "interrupt":
                outcome = await until_disconnect(receive, running, limit)
            else:
                outcome = await until_expired(limit, running)
        if outcome is None and called.withdrawn:
            raise Withdrawn
        return outcome

    def _result(self, call: DirectCall, outcome: Outcome) -> dict[str, Any]:
        result = result_data(outcome, structured=call.structured)
        if call.session is not None:
            return result
        meta = {**result.get("_meta", {}), **self._server_stamp}
        return result | COMPLETE | {"_meta": meta}

    # -- what the SDK answers --------------------------------------------------------------------

    async def _pass_on(
        self, scope: Scope, headers: Headers, message: Any, receive: Receive, send: Send
    ) -> None:
        method = message.get("method") if isinstance(message, dict) else None
        if method == "notifications/cancelled":
            self._cancel(scope, headers, message)
        if method == "tools/call":
            await self._protocol(scope, receive, readable_stream(send))
            return
        if method == "subscriptions/listen":
            await while_admitted(self._protocol, scope, receive, send)
            return
        if method != "initialize":
            await self._protocol(scope, receive, send)
            return
        if MCP_SESSION_ID_HEADER not in headers and not await self._sessions.make_room():
            raise Problem(503, ALL_IN_USE)
        opened = ""

        async def watch_session_id(message: Message) -> None:
            nonlocal opened
            if message["type"] == "http.response.start":
                opened = header_of(message, MCP_SESSION_ID_HEADER)
            await send(message)

        await self._protocol(scope, receive, watch_session_id)
        self._sessions.opened(opened, scope)

    def _cancel(self, scope: Scope, headers: Headers, notification: dict[str, Any]) -> None:
        session = self._session(scope, headers)
        params = notification.get("params")
        request_id = cancelled_request_id_from_params(params) if isinstance(params, dict) else None
        if session is not None and request_id is not None:
            session.cancel(request_id)

    def _session(self, scope: Scope, headers: Headers) -> HandshakeSession | None:
        return self._sessions.find(headers.get(MCP_SESSION_ID_HEADER, ""), scope)


def _is_unconfirmed(outcome: Outcome | None) -> bool:
    error = outcome.error if outcome is not None else None
    return error is not None and error.code == CONFIRMATION_REQUIRED
