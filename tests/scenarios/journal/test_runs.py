"""Runs whose file is replaced under the live document while they go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from jmcp.core.notices import RunCellDeleted
from jmcp.core.outputs.cell_outputs import CellOutputs
from jmcp.core.runs.record.request import RunRequest
from jmcp.core.runs.registry import RunRegistry
from jmcp_api import phrases
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from tests.notebooks import write_notebook
from tests.ports.documents.tab import until
from tests.scenarios.journal.conftest import BOUND_SECONDS, JournaledServer

WAITING = """\
import os, time
print('begun', flush=True)
while not os.path.exists('go'):
    time.sleep(.01)
print('ended')
"""


@pytest.fixture
async def kernels(server: JournaledServer) -> AsyncIterator[LocalKernels]:
    kernels = LocalKernels(server.app)
    yield kernels
    await kernels.close()


@pytest.fixture
async def registry(kernels: LocalKernels) -> AsyncIterator[RunRegistry]:
    registry = RunRegistry(kernels, phrases=phrases)
    yield registry
    await registry.close()


@pytest.mark.parametrize("server", ["live"], indirect=True)
async def test_a_cell_that_runs_stays_when_another_program_writes_the_file(
    server: JournaledServer, kernels: LocalKernels, registry: RunRegistry
) -> None:
    ref = await server.ref()
    kernel_id = await kernels.start(ref, None)
    async with server.documents.edit(ref) as cells:
        cell = cells.insert(1, "code", WAITING)
    async with server.documents.leases.lease(ref) as lease:
        run = registry.submit(
            RunRequest(
                kernel_id=kernel_id,
                code=WAITING,
                notebook=ref,
                owner="o",
                session_id="s",
                cell_id=cell.cell_id,
                outputs=CellOutputs(lease, cell),
            )
        )
        async with asyncio.timeout(BOUND_SECONDS):
            while not run.outputs:
                await run.changed_since(run.progress, BOUND_SECONDS)
        run.flush()
        write_notebook(server.root / ref.path, "from git", "1")
        (room,) = server.inner._live._rooms._opened.values()  # type: ignore[union-attr] # a live one
        watch = room.document.watch
        await until(
            lambda: str(room.document.cells[0]["source"]) == "from git", "the file is merged"
        )
        (server.root / "go").touch()
        assert await run.wait(BOUND_SECONDS)
    assert RunCellDeleted() not in run.notices
    async with server.documents.read(ref) as cells:
        index = cells.find(cell.cell_id or "")
        assert index is not None
        shown = cells.get(index, outputs=True)
    assert list(shown.outputs) == run.outputs
    assert shown.outputs[0]["text"] == "begun\nended\n"
    assert shown.execution_count == run.execution_count
    at = watch.find(cell.cell_id or "")
    assert room.document.cells[at]["execution_state"] == "idle"
