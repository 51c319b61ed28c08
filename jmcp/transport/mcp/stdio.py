"""MCP over the stdin and stdout of this process, whose only client is the one that started it."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from contextlib import suppress
from typing import cast

from anyio import AsyncFile
from mcp.server.context import CallNext, HandlerResult
from mcp.server.stdio import stdio_server

from jmcp.core.calls.call import Caller, Calls
from jmcp.core.calls.permissions import Permissions
from jmcp.core.sessions.shared_session import STDIO
from jmcp.transport.mcp import server as mcp_server
from jmcp.transport.mcp.descriptor_writer import DescriptorWriter
from jmcp.transport.mcp.lines import LineReader
from jmcp.transport.mcp.result_form import DEFAULT_STRUCTURED, ResultForm, Structured
from jmcp.transport.mcp.stdio_fds import StdioFds
from jmcp.transport.mcp.subscriptions import Subscriptions
from jmcp.transport.mcp.tool_list import ToolList
from jmcp.transport.middleware.body_limit import DEFAULT_MAX_BYTES
from jmcp.transport.middleware.principal import HOLDER

ANSWER_ID = re.compile(r'\{"jsonrpc":"2.0","id":("(?:[^"\\]|\\.)*"|-?[0-9]+),"(?:result|error)"')
ANSWERING_SECONDS = 2.0
"""Seconds that the client may take at shutdown to read the last answers."""


class PendingAnswers:
    """Answers to tool calls that are made and not yet written to the client."""

    def __init__(self) -> None:
        self._pending: set[str | int] = set()
        self._none = asyncio.Event()

    async def __call__(self, ctx: mcp_server.Context, call_next: CallNext) -> HandlerResult:
        """A middleware of the SDK's server: once a call returns, its answer is pending."""
        result = await call_next(ctx)
        if ctx.method == "tools/call" and ctx.request_id is not None:
            self._pending.add(ctx.request_id)
        return result

    def sent(self, line: str) -> None:
        if self._pending and (found := ANSWER_ID.match(line)):
            self._pending.discard(json.loads(found[1]))
        if not self._pending:
            self._none.set()

    async def written(self, seconds: float) -> None:
        """Returns when no answer is pending, or after so many seconds."""
        if self._pending:
            self._none.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._none.wait()


async def drain(dispatcher: Calls, answers: PendingAnswers, seconds: float) -> None:
    """Stop calls: new ones are refused, those under way have so long, and all answers are written."""
    await dispatcher.drain(seconds)
    await answers.written(ANSWERING_SECONDS)


def client() -> Caller:
    """The only client of this process, which is one connection: a call without a session id means the
    session it opened."""
    return Caller(owner=HOLDER, authenticated=True, connection=f"{STDIO}{uuid.uuid4().hex}")


async def serve(
    dispatcher: Calls,
    fds: StdioFds,
    answers: PendingAnswers,
    *,
    version: str,
    peer: Caller,
    toolsets: tuple[str, ...],
    permissions: Permissions | None = None,
    structured: Structured = DEFAULT_STRUCTURED,
    max_line_bytes: int = DEFAULT_MAX_BYTES,
    traced: bool = False,
) -> None:
    """Serve until stdin closes, or until cancelled, which waits for nothing.

    All calls are `peer`'s. A line of more than `max_line_bytes` is answered with an error. The caller starts and closes
    the dispatcher, which is `traced` where it makes spans. Raises ValueError for an unknown toolset.
    """
    tool_list = ToolList(dispatcher.api, toolsets, permissions)
    api = dispatcher.api
    form = ResultForm(structured, api.text_clients, api.unannotated_clients)
    subscriptions = Subscriptions(dispatcher)
    server = mcp_server.mcp_server(
        dispatcher, tool_list, version, form=form, peer=peer, subscriptions=subscriptions
    )
    server.middleware.append(answers)
    if traced:
        # Imported here, because most servers have no traces.
        from jmcp.transport.trace_context import trace_message

        server.middleware.append(trace_message)
    stdout = DescriptorWriter(fds.stdout, answers.sent)
    stdin = LineReader(fds.stdin, max_line_bytes, stdout.write)
    # The SDK's own reader is a thread that cannot be stopped while it waits for a line.
    files = (cast("AsyncFile[str]", stdin), cast("AsyncFile[str]", stdout))
    try:
        async with stdio_server(*files) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
    except* OSError:
        pass  # the client closed its end of stdout, which is its other way to disconnect
    finally:
        subscriptions.close()
