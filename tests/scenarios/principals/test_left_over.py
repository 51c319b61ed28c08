"""What an earlier server left to be done is not done by a read-only one, and not lost either."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from jmcp import compose
from jmcp.core.calls.call import Caller
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.core.ports import NotebookRef, Request
from jmcp.core.sessions.records import PendingRun, Store
from jmcp.core.stores.journal.sqlite import SqliteJournal
from jmcp.core.stores.memory import MemoryStore
from jmcp.options.settings import Settings
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from tests.jupyter_process import StartJupyter
from tests.scenarios.journal.conftest import JournaledServer

CALLER = Caller(owner="somebody", authenticated=True)


@pytest.fixture
async def journaled(
    jupyter: StartJupyter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> JournaledServer:
    made = JournaledServer(jupyter=jupyter, monkeypatch=monkeypatch, folder=tmp_path, live=True)
    made.root.mkdir()
    made.write("a.ipynb", "0", "1")
    await made.start()
    return made


def served(journaled: JournaledServer, store: Store, *, read_only: bool) -> Dispatcher:
    """A whole jmcp on what the journaled server has kept."""
    kept = (store, SqliteJournal(journaled.state))
    journaled.monkeypatch.setattr(compose, "open_stores", lambda *_, **__: kept)
    kernels = LocalKernels(journaled.app)
    settings = Settings(read_only=read_only)
    return compose.build(journaled.inner, kernels, place="anywhere", settings=settings)


async def source(dispatcher: Dispatcher) -> str:
    opened = await dispatcher.call("use_notebook", {"notebook_path": "a.ipynb"}, CALLER)
    assert opened.result is not None, opened.text
    session = {"session_id": opened.result["session_id"]}
    read = await dispatcher.call("read_cell", session | {"cell_index": 1}, CALLER)
    assert read.result is not None, read.text
    found: str = read.result["source"]
    return found


def left_run(ref: NotebookRef) -> PendingRun:
    request = Request(kernel_id="gone", channel="c", message_id="m")
    return PendingRun(
        execution_id="e1",
        owner="somebody",
        session_id="s",
        notebook=ref,
        cell_id="c1",
        request=request,
        began=time.time(),
    )


async def test_an_unsaved_edit_and_a_run_wait_for_a_server_that_may(
    journaled: JournaledServer,
) -> None:
    ref = await journaled.ref()
    async with journaled.documents.edit(ref) as cells:
        cells.set_source(1, "edited")
    await journaled.crash()
    store = MemoryStore()
    await store.put_run(left_run(ref))
    reader = served(journaled, store, read_only=True)
    await reader.start()
    assert not reader.runs.index.list()
    assert await source(reader) == "1"
    assert journaled.sources("a.ipynb") == ["0", "1"]
    assert [run.execution_id for run in await store.runs()] == ["e1"]
    writer = served(journaled, store, read_only=False)
    await writer.start()
    assert await source(writer) == "edited"
    await reader.close()
    await writer.close()
    await journaled.end()
