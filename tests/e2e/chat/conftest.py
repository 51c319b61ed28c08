"""The pages of a chat client, built once, and a conversation in a browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser

from tests.e2e.chat.chat_client import WEB, Chat, HostPages, built_host, conversation, served_pages
from tests.node_tools import NodeTools
from tests.served import Served


@pytest.fixture(scope="module")
def chat_pages(
    tmp_path_factory: pytest.TempPathFactory, node_tools: NodeTools
) -> Iterator[HostPages]:
    if not (WEB / "node_modules/.installed").is_file():
        pytest.skip("no packages of npm for the pages: `make web/node_modules/.installed`")
    with served_pages(built_host(tmp_path_factory.mktemp("host"), node_tools)) as pages:
        yield pages


@pytest.fixture
async def chat(chrome: Browser, served: Served, chat_pages: HostPages) -> AsyncIterator[Chat]:
    """In a task of its own: its MCP client has to be left by the task that entered it, and a fixture
    is not always that."""
    begun: asyncio.Future[Chat] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def live() -> None:
        try:
            async with conversation(chrome, served, chat_pages) as chat:
                begun.set_result(chat)
                await done.wait()
        except BaseException as error:
            if begun.done():
                raise
            begun.set_exception(error)

    living = asyncio.create_task(live())
    try:
        yield await begun
    finally:
        done.set()
        await living
