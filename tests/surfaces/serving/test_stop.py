"""What a client was told is done is on disk when the server has stopped."""

from __future__ import annotations

import signal
from pathlib import Path

import nbformat
import pytest

from tests.served import serve
from tests.surfaces.contract.surfaces import ToolsCall
from tests.thorough import fast_only

STOP_SECONDS = 30


@pytest.mark.parametrize("edits", fast_only([1, 25], 25))
async def test_edits_of_the_last_moment_are_saved(tmp_path: Path, edits: int) -> None:
    with serve(tmp_path / "home", tmp_path / "root") as served:
        tools = ToolsCall(served)
        opened = await tools.call("use_notebook", {"notebook_path": "new.ipynb", "mode": "create"})
        assert opened.result is not None
        insert = {
            "session_id": opened.result["session_id"],
            "cell_index": -1,
            "cell_type": "code",
        }
        for number in range(edits):
            done = await tools.call("insert_cell", insert | {"cell_source": f"x = {number}"})
            assert done.error is None, done.text
        served.process.send_signal(signal.SIGTERM)
        served.process.wait(STOP_SECONDS)
    stored = nbformat.read(tmp_path / "root" / "new.ipynb", as_version=4)
    assert [cell.source for cell in stored.cells[1:]] == [f"x = {n}" for n in range(edits)]
