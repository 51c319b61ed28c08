"""What only a remote Jupyter Server can do: limits, base URLs, older protocols, REST's own ways."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jmcp.core.errors import JupyterRefused
from jmcp.core.ports import Kernels, NotebookRef
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.remote.kernels import RemoteKernels
from tests.jupyter_process import TOKEN, StartJupyter
from tests.ports.kernels.conftest import LIMIT, Heard, both, notebook

FLOOD = "from IPython.display import display\nfor i in range({}): display(i)"
WORDS = "IOPub message rate exceeded.\nThe Jupyter server will temporarily stop sending output"


@pytest.mark.parametrize("protocol", [None, ""])
async def test_outputs_that_jupyter_drops_are_told(
    jupyter: StartJupyter, protocol: str | None
) -> None:
    server = await jupyter(
        collaboration=False,
        ServerApp={"base_url": "/user/somebody/"},
        ZMQChannelsWebsocketConnection={
            "iopub_msg_rate_limit": 10.0,
            "kernel_ws_protocol": protocol,
        },
    )
    api = JupyterApi(server.connection_url, TOKEN)
    kernels = RemoteKernels(api)
    try:
        connection = await kernels.connect(await kernels.start(notebook(server, "a.ipynb"), None))
        heard = Heard()
        async with asyncio.timeout(LIMIT):
            reply = await connection.run(FLOOD.format(200), heard)
        assert (reply.status, reply.incomplete) == ("ok", "output_limit")
        assert 0 < len(heard.of("display_data")) < 200
        assert heard.text.startswith(WORDS)

        # Code that prints the same is no server.
        heard = Heard()
        async with asyncio.timeout(LIMIT):
            reply = await connection.run(f"import sys; print({WORDS!r}, file=sys.stderr)", heard)
        assert (reply.status, reply.incomplete) == ("ok", None)
        assert heard.text.startswith(WORDS)
    finally:
        await kernels.close()
        await api.close()


@both
async def test_the_kernel_that_a_notebook_had_goes_on_when_it_gets_another(
    kernels: Kernels, ref: NotebookRef, server: Any
) -> None:
    old = await kernels.start(ref, None)
    connection = await kernels.connect(old)
    await connection.run("x = 1", Heard())
    free = await server.kernel_manager.start_kernel(kernel_name="python3")
    await kernels.attach(ref, free)
    assert await kernels.find(ref) == free
    async with asyncio.timeout(LIMIT):
        assert (await connection.run("x", Heard())).status == "ok"
    rows = await server.session_manager.list_sessions()
    assert [row["kernel"]["id"] for row in rows if row["type"] == "notebook"] == [free]


async def test_a_token_that_is_refused(server: Any, kernels: Kernels, ref: NotebookRef) -> None:
    kernel_id = await kernels.start(ref, None)
    api = JupyterApi(server.connection_url, "another")
    refused = RemoteKernels(api)
    try:
        with pytest.raises(JupyterRefused):
            await refused.find(ref)
        async with asyncio.timeout(LIMIT):
            with pytest.raises(JupyterRefused):
                await refused.connect(kernel_id)
    finally:
        await refused.close()
        await api.close()


@both
async def test_its_own_connection_is_no_reason_to_keep_a_kernel(
    kernels: Kernels, ref: NotebookRef
) -> None:
    kernel_id = await kernels.start(ref, None)
    connection = await kernels.connect(kernel_id)
    async with asyncio.timeout(LIMIT):
        await connection.run("1", Heard())
    assert [(row.kernel_id, row.connections) for row in await kernels.list()] == [(kernel_id, 0)]


@pytest.mark.parametrize("kernels", ["remote"], indirect=True)
async def test_output_that_the_kernel_cannot_encode_is_not_called_too_fast(
    kernels: Kernels, ref: NotebookRef
) -> None:
    connection = await kernels.connect(await kernels.start(ref, None))
    async with asyncio.timeout(LIMIT):
        await connection.run("1", Heard())
        reply = await connection.run("print('\\ud800', flush=True)\nprint('after')", Heard())
    assert (reply.status, reply.incomplete) == ("ok", "gap")
