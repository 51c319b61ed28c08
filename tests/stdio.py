"""jmcp over stdio as an MCP client starts it: a process that lives as long as the client."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp.client.client import Client
from mcp.client.session import MessageHandlerFnT
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import CallToolResult

from tests.served import Served, environment, standalone_command, standalone_variables
from tests.surfaces.contract.surfaces import CALL_SECONDS, Answer, answer_of

Era = Literal["auto", "legacy"]


def parameters(
    home: Path, jupyter: Served, *options: str, kernels: Served | None = None
) -> StdioServerParameters:
    """How a client starts jmcp on that Jupyter Server."""
    home.mkdir(parents=True, exist_ok=True)
    command, *arguments = standalone_command("--transport", "stdio", *options)
    variables = environment(home) | standalone_variables(jupyter, kernels)
    return StdioServerParameters(command=command, args=arguments, env=variables, cwd=jupyter.root)


@asynccontextmanager
async def client(
    server: StdioServerParameters,
    mode: Era = "auto",
    on_message: MessageHandlerFnT | None = None,
) -> AsyncIterator[Client]:
    """The SDK's own client, with the process that it starts."""
    transport = stdio_client(server, errlog=sys.stderr)
    async with Client(transport, mode=mode, message_handler=on_message) as made:
        yield made


class Stdio:
    """A surface: one process for all its calls, which therefore share its sessions.

    Its client lives in a loop of its own, so that it may outlive the loop of a test.
    """

    def __init__(self, portal: BlockingPortal, connected: Client) -> None:
        self._portal = portal
        self._client = connected

    async def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        future: Future[CallToolResult] = self._portal.start_task_soon(self._call, tool, arguments)
        return answer_of(await asyncio.wrap_future(future), tool, arguments)

    async def _call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        with anyio.fail_after(CALL_SECONDS):
            return await self._client.call_tool(tool, arguments)


@contextmanager
def surface(server: StdioServerParameters, mode: Era = "auto") -> Iterator[Stdio]:
    """Start jmcp over stdio for a surface; it ends with the context."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(client(server, mode)) as connected,
    ):
        yield Stdio(portal, connected)
