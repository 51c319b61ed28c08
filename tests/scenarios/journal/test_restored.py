"""A checkpoint that Jupyter restores in place, while it loads the file into the live document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat as untyped_nbformat
import pytest

from tests.jupyter_process import StartJupyter
from tests.running_jmcp import UNLIMITED, RunningJmcp

nbformat: Any = untyped_nbformat


async def test_a_checkpoint_restored_twice_is_there_twice(
    jupyter: StartJupyter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a second Jupyter takes the restored file for a newer one, and loads it by itself; the
    journal makes the edits again that this removes, which must not undo what was asked for."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    app = await jupyter()
    content = nbformat.v4.new_notebook()
    for number in range(4):
        cell = nbformat.v4.new_code_cell(f"print({number})", id=f"aaaa000{number}")
        cell.outputs = [nbformat.v4.new_output("stream", text=f"{number}\n")]
        content.cells.append(cell)
    async with RunningJmcp(app=app, mode="remote live", settings=UNLIMITED).running() as jmcp:
        nbformat.write(content, jmcp.root / "a.ipynb")
        session = {"session_id": await jmcp.open("a.ipynb")}

        async def order() -> list[str]:
            read = await jmcp.call("read_notebook", **session)
            return [cell["cell_id"] for cell in read["cells"]]

        kept = await order()
        await jmcp.call(
            "edit_cell_source", **session, cell_id="aaaa0001", old_string="1", new_string="5"
        )
        await jmcp.call("create_checkpoint", **session)
        await jmcp.call("clear_cell_output", **session, cell_ids=["aaaa0003", "aaaa0001"])
        await jmcp.call("move_cell", **session, cell_id="aaaa0003", target_index=0)
        moved = await order()
        for _ in range(3):
            restored = await jmcp.call("restore_checkpoint", **session)
            assert await order() == kept
            undone = await jmcp.call("undo_change", **session)
            assert undone["undone"] == restored["change_id"]
            assert await order() == moved
