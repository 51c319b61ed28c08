"""Documents of a remote server, over networks that tests cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from jupyter_server.serverapp import ServerApp

from jmcp.core.errors import (
    BackendError,
)
from jmcp.core.ports import Cells, OutputSink
from jmcp_jupyter.documents.remote.documents import RemoteDocuments
from jmcp_jupyter.http_api import JupyterApi
from tests.document_access import output_sink, reading
from tests.jupyter_process import TOKEN
from tests.network import Network
from tests.ports.documents.conftest import DocumentServer

NEVER: dict[str, Any] = {"YDocExtension": {"document_save_delay": 3600.0}}


@asynccontextmanager
async def beyond(
    app: ServerApp, net: Network | None = None, **options: Any
) -> AsyncIterator[DocumentServer]:
    """Documents on that server, by way of a network."""
    port = app.port if net is None else net.port
    api = JupyterApi(f"http://127.0.0.1:{port}/", TOKEN, seconds=5.0)
    documents = RemoteDocuments(api, **{"flush_seconds": 0.05, **options})
    try:
        yield DocumentServer(app=app, documents=documents, remote=True)
    finally:
        await documents.close()
        await api.close()


async def run_of(server: DocumentServer, path: str, index: int = 0) -> OutputSink:
    ref = await server.documents.identify(path)
    async with reading(server.documents, ref) as cells:
        return await output_sink(server.documents, ref, cells.get(index))


async def outputs(server: DocumentServer, path: str) -> list[dict[str, Any]]:
    async with reading(server.documents, await server.documents.identify(path)) as cells:
        return list(cells.get(0, outputs=True).outputs)


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def texts(cells: Cells) -> list[str]:
    return [cells.get(index).source for index in range(len(cells))]


async def until_read(server: DocumentServer, path: str) -> list[str]:
    async with asyncio.timeout(20):
        while True:
            try:
                return await server.texts(path)
            except BackendError:
                await asyncio.sleep(0.02)
