"""MCP over the stdin and stdout of this process: its one client is whoever started it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from anyio import AsyncFile
from mcp.server.context import CallNext, HandlerResult
from mcp.server.stdio import stdio_server

from jmcp.core.calls.call import Caller, Calls
from jmcp.core.calls.permissions import Permissions
from jmcp.transport.mcp import server as mcp_server
from jmcp.transport.mcp.lines import Lines
from jmcp.transport.mcp.stdio_fds import Wire
from jmcp.transport.mcp.tool_list import Listing
from jmcp.transport.middleware.body_limit import DEFAULT_MAX_BYTES
from jmcp.transport.middleware.principal import HOLDER

ANSWER_ID = re.compile(r'\{"jsonrpc":"2.0","id":("(?:[^"\\]|\\.)*"|-?[0-9]+),"(?:result|error)"')
ANSWERING_SECONDS = 2.0
"""That the client may take to read the last answers."""


class Answers:
    """The answers to tool calls that are due and not written yet."""

    def __init__(self) -> None:
        self._due: set[str | int] = set()
        self._none = asyncio.Event()

    async def __call__(self, ctx: mcp_server.Context, call_next: CallNext) -> HandlerResult:
        """As a middleware of the SDK's server: once a call is over, its answer is due."""
        result = await call_next(ctx)
        if ctx.method == "tools/call" and ctx.request_id is not None:
            self._due.add(ctx.request_id)
        return result

    def sent(self, line: str) -> None:
        if self._due and (found := ANSWER_ID.match(line)):
            self._due.discard(json.loads(found[1]))
        if not self._due:
            self._none.set()

    async def written(self, seconds: float) -> None:
        """Wait until none is due, but no longer than that."""
        if self._due:
            self._none.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._none.wait()


async def drain(dispatcher: Calls, answers: Answers, seconds: float) -> None:
    """Stop calls: new ones are refused, those under way have so long, and all answers are written."""
    await dispatcher.drain(seconds)
    await answers.written(ANSWERING_SECONDS)


async def serve(
    dispatcher: Calls,
    wire: Wire,
    answers: Answers,
    *,
    version: str,
    toolsets: tuple[str, ...],
    permissions: Permissions | None = None,
    max_line_bytes: int = DEFAULT_MAX_BYTES,
) -> None:
    """Serve until stdin closes; a cancelled one leaves at once, whatever the client does.

    A longer line than `max_line_bytes` is answered with an error. Neither starts nor closes the
    dispatcher. Raises ValueError for an unknown toolset.
    """
    # A process is one connection: what it opened is what its calls without an id mean.
    peer = Caller(owner=HOLDER, authenticated=True, connection=f"stdio:{uuid.uuid4().hex}")
    listing = Listing(dispatcher.api, toolsets, permissions)
    server = mcp_server.server(dispatcher, listing, version, peer=peer)
    server.middleware.append(answers)
    stdout = Written(wire.stdout, answers.sent)
    stdin = Lines(wire.stdin, max_line_bytes, stdout.write)
    # The SDK's own reader is a thread that cannot be left while it waits for a line.
    files = (cast("AsyncFile[str]", stdin), cast("AsyncFile[str]", stdout))
    try:
        async with stdio_server(*files) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
    except* OSError:
        pass  # the client reads no more, which is its other way to leave


class Written:
    """A descriptor written to by a thread of its own, which a stuck client cannot hold up.

    `sent` is called with each message that the client has.
    """

    def __init__(self, descriptor: int, sent: Callable[[str], None]) -> None:
        self._descriptor = descriptor
        self._sent = sent
        self._writing = asyncio.Lock()

    async def write(self, text: str) -> None:
        """All of it is written when this returns. Raises OSError when the client is gone."""
        async with self._writing:  # one message, and then another
            await self._write_all(text)
        self._sent(text)

    async def _write_all(self, text: str) -> None:
        data = text.encode()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        threading.Thread(target=self._write, args=(data, done), daemon=True).start()
        await done

    async def flush(self) -> None:
        """Nothing is held back."""

    def _write(self, data: bytes, done: asyncio.Future[None]) -> None:
        view, error = memoryview(data), None
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as caught:
            error = caught
        with suppress(RuntimeError):  # the loop is closed
            done.get_loop().call_soon_threadsafe(_settle, done, error)


def _settle(done: asyncio.Future[None], error: OSError | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
