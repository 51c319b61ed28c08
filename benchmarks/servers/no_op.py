"""A server of one tool that does nothing, on the SDK that jmcp uses: the floor of a call.

`python -m benchmarks.servers.no_op sse|json` serves it and prints its URL.
"""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import mcp_types as types
import uvicorn
from mcp.server.lowlevel import Server as McpServer
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.routing import Route

from benchmarks.servers.process import PYTHON, Server, running

Answers = Literal["json", "sse"]
TOOL = "no_op"


@contextmanager
def no_op(base: Path, answers: Answers, *, python: Sequence[str] = PYTHON) -> Iterator[Server]:
    """The server in a process of its own; it answers JSON or an event stream."""
    command = [*python, "benchmarks.servers.no_op", answers]
    with running(command, home=base, root=base, ready=r"(http://\S+/)mcp\b") as server:
        yield server


def application(answers: Answers) -> Starlette:
    """The SDK's endpoint at `/mcp`, with no middleware of ours."""

    async def list_tools(_: Any, __: Any) -> types.ListToolsResult:
        schema = {"type": "object", "properties": {}}
        return types.ListToolsResult(tools=[types.Tool(name=TOOL, input_schema=schema)])

    async def call_tool(_: Any, __: types.CallToolRequestParams) -> types.CallToolResult:
        return types.CallToolResult(content=[types.TextContent(type="text", text="done")])

    made: McpServer[Any] = McpServer(
        "no-op",
        version="1",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        # As jmcp does it: the SDK would go through the tool list on each call.
        get_tool_input_schema=lambda _: None,
    )
    manager = StreamableHTTPSessionManager(made, json_response=answers == "json")

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with manager.run():
            yield

    return Starlette(
        routes=[Route("/mcp", StreamableHTTPASGIApp(manager))],
        lifespan=lifespan,
    )


def main(answers: Answers) -> None:
    # Named as TCP: asyncio turns off Nagle's algorithm only on such a socket.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    config = uvicorn.Config(
        application(answers), log_config=None, access_log=False, ws="none", lifespan="on"
    )
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main("json" if sys.argv[1] == "json" else "sse")
