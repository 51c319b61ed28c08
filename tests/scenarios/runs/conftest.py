"""A notebook on a real server, its kernel, and runs that write into its cells."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat as untyped_nbformat
import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.core.editing.edit_lease import Leases
from jmcp.core.outputs.cell_outputs import CellOutputs
from jmcp.core.ports import Cell, Documents, Kernels, NotebookRef
from jmcp.core.runs.record.request import RunRequest
from jmcp.core.runs.record.run import Run
from jmcp.core.runs.registry import RunRegistry
from jmcp.core.stores.memory import MemoryStore
from jmcp_api import phrases
from jmcp_api.sessions import POLICY
from jmcp_jupyter.documents.local.documents import LocalDocuments
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from tests.document_access import reading
from tests.jupyter_process import StartJupyter

nbformat: Any = untyped_nbformat

LIMIT = 60
"""Seconds for anything that involves a process, on a slow machine."""


@dataclass(kw_only=True)
class RunnableNotebook:
    """`kernel_id` is the kernel of the notebook `ref`, whose cells are c0, c1 ..."""

    app: ServerApp
    documents: Documents
    kernels: Kernels
    registry: RunRegistry
    store: MemoryStore
    ref: NotebookRef
    kernel_id: str
    executed: list[Run] = field(default_factory=list)

    async def submit(self, code: str, cell: int | None = 0, **options: Any) -> Run:
        """Queue code whose outputs go to that cell."""
        outputs = None
        if cell is not None:
            outputs = CellOutputs(
                Leases(self.documents).lease(self.ref).detached(), await self.cell(f"c{cell}")
            )
        request: dict[str, Any] = {
            "kernel_id": self.kernel_id,
            "code": code,
            "notebook": self.ref,
            "owner": "o",
            "session_id": "s",
            "cell_id": None if cell is None else f"c{cell}",
            "outputs": outputs,
            **options,
        }
        run = self.registry.submit(RunRequest(**request))
        self.executed.append(run)
        return run

    async def run(self, code: str, cell: int | None = 0, **options: Any) -> Run:
        """Run code to its end; the cell and the record must agree."""
        run = await self.submit(code, cell, **options)
        assert await run.wait(LIMIT)
        if cell is not None:
            shown = await self.cell(f"c{cell}")
            assert list(shown.outputs) == run.outputs
            assert shown.execution_count == run.execution_count
        return run

    async def cell(self, cell_id: str) -> Cell:
        async with reading(self.documents, self.ref) as cells:
            index = cells.find(cell_id)
            assert index is not None
            return cells.get(index, outputs=True)


StartNotebook = Callable[..., Any]


@pytest.fixture
async def start_notebook(jupyter: StartJupyter) -> AsyncIterator[StartNotebook]:
    """Write a notebook and start its kernel: `await start_notebook(live=True, cells=3, **jupyter_config)`."""
    notebooks: list[RunnableNotebook] = []

    async def start(*, live: bool = True, cells: int = 3, **config: Any) -> RunnableNotebook:
        app = await jupyter(collaboration=live, **config)
        path = Path(app.root_dir) / "n.ipynb"
        content = nbformat.v4.new_notebook(
            cells=[{**nbformat.v4.new_code_cell("source"), "id": f"c{n}"} for n in range(cells)]
        )
        nbformat.write(nbformat.from_dict(content), path)
        documents = LocalDocuments(app, flush_seconds=0.05)
        kernels = LocalKernels(app)
        ref = await documents.identify("n.ipynb")
        store = MemoryStore()
        notebooks.append(
            RunnableNotebook(
                app=app,
                documents=documents,
                kernels=kernels,
                registry=RunRegistry(
                    kernels, phrases=phrases, store=store, limits=POLICY.run_output
                ),
                store=store,
                ref=ref,
                kernel_id=await kernels.start(ref, None),
            )
        )
        return notebooks[-1]

    yield start
    for notebook in notebooks:
        await notebook.registry.close()
        await notebook.kernels.close()
        await notebook.documents.close()


@pytest.fixture(params=["live", "file"])
async def notebook(
    request: pytest.FixtureRequest, start_notebook: StartNotebook
) -> RunnableNotebook:
    """A notebook in either mode of documents."""
    started: RunnableNotebook = await start_notebook(live=request.param == "live")
    return started
