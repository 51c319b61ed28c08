"""MCP clients of a jmcp on fakes, without a process or a port between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from mcp.client import Client
from mcp.client.session import MessageHandlerFnT

from jmcp.compose import API
from jmcp.core.calls.call import Caller
from jmcp.transport.mcp.result_form import ResultForm
from jmcp.transport.mcp.server import mcp_server
from jmcp.transport.mcp.subscriptions import Subscriptions
from jmcp.transport.mcp.tool_list import ToolList
from tests.fakes.jmcp import FakeJmcp

Era = Literal["auto", "legacy"]
ERAS: tuple[Era, ...] = ("auto", "legacy")


@asynccontextmanager
async def connected_to(
    jmcp: FakeJmcp,
    era: Era,
    peer: Caller | None = None,
    on_message: MessageHandlerFnT | None = None,
    subscriptions: Subscriptions | None = None,
) -> AsyncIterator[Client]:
    """The SDK's client; `peer` is who it is where the process is the connection, as over stdio."""
    form = ResultForm("auto", API.text_clients)
    subscriptions = subscriptions or Subscriptions(jmcp.dispatcher)
    server = mcp_server(
        jmcp.dispatcher,
        ToolList(API, ("core",)),
        "1.2.3",
        form=form,
        peer=peer,
        subscriptions=subscriptions,
    )
    try:
        async with Client(server, mode=era, message_handler=on_message) as client:
            yield client
    finally:
        subscriptions.close()
