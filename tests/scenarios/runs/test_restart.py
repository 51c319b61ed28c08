"""jmcp stops and starts again on a remote Jupyter Server while code runs there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.core.editing.edit_lease import Leases
from jmcp.core.runs.record.run import Run
from jmcp.core.runs.registry import RunRegistry
from jmcp.core.stores.memory import MemoryStore
from jmcp_api import phrases
from jmcp_jupyter.documents.remote.documents import RemoteDocuments
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.remote.kernels import RemoteKernels
from tests.jupyter_process import TOKEN, StartJupyter
from tests.scenarios.runs.conftest import LIMIT, RunnableNotebook, nbformat

COUNTING = """\
import os, time
from IPython.display import display
handle = display('first', display_id=True)
n = 0
while not os.path.exists('go'):
    print(n, flush=True)
    n += 1
    time.sleep(.01)
handle.update('last')
print('end of', n)
"""


@pytest.fixture(params=["live", "file"])
async def server(request: pytest.FixtureRequest, jupyter: StartJupyter) -> ServerApp:
    app = await jupyter(
        collaboration=request.param == "live", ZMQChannelsWebsocketConnection={"limit_rate": False}
    )
    cells = [{**nbformat.v4.new_code_cell("source"), "id": f"c{n}"} for n in range(2)]
    content = nbformat.from_dict(nbformat.v4.new_notebook(cells=cells))
    nbformat.write(content, Path(app.root_dir) / "n.ipynb")
    return app


@asynccontextmanager
async def jmcp(
    server: ServerApp, store: MemoryStore, kernel_id: str = ""
) -> AsyncIterator[RunnableNotebook]:
    """One life of jmcp, which ends in order."""
    api = JupyterApi(server.connection_url, TOKEN)
    documents = RemoteDocuments(api, flush_seconds=0.05)
    kernels = RemoteKernels(api)
    registry = RunRegistry(kernels, phrases=phrases, store=store)
    try:
        await registry.resume(Leases(documents))
        ref = await documents.identify("n.ipynb")
        yield RunnableNotebook(
            app=server,
            documents=documents,
            kernels=kernels,
            registry=registry,
            store=store,
            ref=ref,
            kernel_id=kernel_id or await kernels.start(ref, None),
        )
    finally:
        await registry.stop()
        await kernels.close()
        await registry.close()
        await documents.close()
        await api.close()


async def alone(server: ServerApp, kernel_id: str) -> None:
    """Wait until Jupyter has noticed that nobody is on the kernel: a process takes as long to start."""
    manager: Any = server.kernel_manager
    async with asyncio.timeout(LIMIT):
        while manager._kernel_connections.get(kernel_id):  # noqa: ASYNC110 # Jupyter tells nobody
            await asyncio.sleep(0.02)


async def printing(execution: Run) -> None:
    """Wait until it has printed some lines."""
    async with asyncio.timeout(LIMIT):
        while len(text(execution)) < 20:
            await execution.changed_since(execution.progress, LIMIT)


def text(execution: Run) -> str:
    return "".join(output.get("text", "") for output in execution.outputs)


def shown(outputs: Any) -> list[str]:
    return [output["data"]["text/plain"] for output in outputs if "data" in output]


async def test_a_restart_of_jmcp_loses_nothing_unsaid(server: ServerApp) -> None:
    store = MemoryStore()
    async with jmcp(server, store) as notebook:
        run = await notebook.submit(COUNTING)
        waiting = await notebook.submit("'never sent'", cell=1)
        await printing(run)
    assert (run.status, waiting.status) == ("lost_contact", "aborted")
    await alone(server, notebook.kernel_id)
    (left,) = await store.runs()
    assert (left.execution_id, left.settled, left.displays) == (
        run.execution_id,
        True,
        {_id(left): (0,)},
    )
    async with jmcp(server, store, notebook.kernel_id) as again:
        taken = again.registry.index.get(run.execution_id)
        assert isinstance(taken, Run)
        assert taken.status == "running"
        after = await again.submit("print('after')", cell=1)
        (Path(server.root_dir) / "go").touch()
        for execution in (taken, after):
            assert await execution.wait(LIMIT)
        *numbers, end = [part for part in text(taken).splitlines() if part[:1].isalnum()]
        printed = [str(n) for n in range(int(end.removeprefix("end of ")))]
        # Jupyter itself drops what comes while it takes leave of the channel: seldom, and told.
        whole = numbers == printed
        assert (taken.status, taken.incomplete) == (
            ("ok", None) if whole else ("lost_contact", "lost_contact")
        )
        assert [notice.code for notice in taken.notices] == ([] if whole else ["contact_lost"])
        assert set(numbers) <= set(printed)
        assert shown(taken.outputs) == ["'last'"]
        cell = await again.cell("c0")
        assert list(cell.outputs) == taken.outputs
        assert cell.execution_count == taken.execution_count == 1
        assert (after.status, text(after)) == ("ok", "after\n")
    assert await store.runs() == []


AFTERWARDS = """\
import os, time
print('begun', flush=True)
while not os.path.exists('left'):
    time.sleep(.01)
for n in range(100):
    print(n, flush=True)
"""


async def test_what_is_printed_while_jmcp_is_away_is_all_there_when_it_is_back(
    server: ServerApp,
) -> None:
    store = MemoryStore()
    async with jmcp(server, store) as notebook:
        run = await notebook.submit(AFTERWARDS)
        async with asyncio.timeout(LIMIT):
            while text(run) != "begun\n":
                await run.changed_since(run.progress, LIMIT)
    await alone(server, notebook.kernel_id)
    (Path(server.root_dir) / "left").touch()
    async with jmcp(server, store, notebook.kernel_id) as again:
        taken = again.registry.index.get(run.execution_id)
        assert isinstance(taken, Run)
        assert await taken.wait(LIMIT)
        assert (taken.status, taken.notices, taken.incomplete) == ("ok", [], None)
        assert text(taken) == "\n".join(("begun", *map(str, range(100)), ""))
        assert list((await again.cell("c0")).outputs) == taken.outputs


async def test_a_kernel_that_ended_meanwhile_ends_the_run(server: ServerApp) -> None:
    store = MemoryStore()
    async with jmcp(server, store) as notebook:
        run = await notebook.submit(COUNTING)
        await printing(run)
    await server.kernel_manager.shutdown_kernel(notebook.kernel_id, now=True)
    async with jmcp(server, store) as again:
        taken = again.registry.index.get(run.execution_id)
        assert isinstance(taken, Run)
        assert await taken.wait(LIMIT)
        assert (taken.status, taken.failure) == ("kernel_died", None)
        assert text(taken).startswith("0\n1\n2\n")
        assert list((await again.cell("c0")).outputs) == taken.outputs


def _id(left: Any) -> str:
    (display_id,) = left.displays
    return str(display_id)
