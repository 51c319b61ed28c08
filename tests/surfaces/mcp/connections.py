"""MCP clients of a jmcp on fakes, without a process or a port between them."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import mcp_types as types
from mcp.client import Client
from mcp.client.session import MessageHandlerFnT
from mcp.shared.subscriptions import ResourceUpdated

from jmcp.compose import API
from jmcp.core.calls.call import Caller
from jmcp.transport.mcp.result_form import ResultForm
from jmcp.transport.mcp.server import mcp_server
from jmcp.transport.mcp.subscriptions import Subscriptions
from jmcp.transport.mcp.tool_list import ToolList
from tests.fakes.jmcp import FakeJmcp

Era = Literal["auto", "legacy"]
NEWS_SECONDS = 30.0
"""For what comes within a few seconds on a machine with nothing else to do."""
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


class Inbox:
    """The URIs that a client was told of."""

    def __init__(self, era: Era) -> None:
        self.era = era
        self.uris: asyncio.Queue[str] = asyncio.Queue()

    async def receive(self, message: Any) -> None:
        """Of the handshake era; later revisions have streams, whose events come here too."""
        if self.era == "legacy" and isinstance(message, types.ResourceUpdatedNotification):
            self.uris.put_nowait(str(message.params.uri))

    async def next(self) -> str:
        return await asyncio.wait_for(self.uris.get(), NEWS_SECONDS)


async def subscribe(client: Client, uri: str, *, ends: bool = False) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK has it for older servers alone
        await (client.unsubscribe_resource(uri) if ends else client.subscribe_resource(uri))


@asynccontextmanager
async def told(client: Client, era: Era, inbox: Inbox, *uris: str) -> AsyncIterator[None]:
    """While this lasts, the client wants to be told of these."""
    if era == "legacy":
        for uri in uris:
            await subscribe(client, uri)
        yield
        for uri in uris:
            await subscribe(client, uri, ends=True)
        return
    async with client.listen(resource_subscriptions=uris) as stream:

        async def forward() -> None:
            async for event in stream:
                assert isinstance(event, ResourceUpdated)
                inbox.uris.put_nowait(event.uri)

        forwarding = asyncio.create_task(forward())
        yield
        forwarding.cancel()
