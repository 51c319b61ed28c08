"""What IPython asks of the front end when a cell has run: pages of help, and text for cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jmcp.core.notices import CellAddedByRun, NextInputNotPut, SourceSetByRun
from jmcp.core.ports import Cell
from tests.document_access import editing, reading
from tests.scenarios.runs.conftest import LIMIT, RunnableNotebook

NEXT = "get_ipython().set_next_input('y = 2', replace={replace})"


async def sources(notebook: RunnableNotebook) -> list[str]:
    async with reading(notebook.documents, notebook.ref) as cells:
        return [cells.get(index).source for index in range(len(cells))]


async def run_cell(notebook: RunnableNotebook, source: str) -> tuple[Any, Cell]:
    """The run of the first cell, which has that source, and the cell then."""
    async with editing(notebook.documents, notebook.ref) as cells:
        cells.set_source(0, source)
    run = await notebook.run(source)
    return run, await notebook.cell("c0")


async def test_help_is_an_output(notebook: RunnableNotebook) -> None:
    for source, words in (("len?", "Return the number of items"), ("len??", "Signature")):
        run, cell = await run_cell(notebook, source)
        assert run.status == "ok"
        (output,) = cell.outputs
        assert output["output_type"] == "display_data"
        assert words in output["data"]["text/plain"]
    run, cell = await run_cell(notebook, "print('before')\nlen?")
    assert [output["output_type"] for output in cell.outputs] == ["stream", "display_data"]


async def test_help_without_a_cell_is_an_output_of_the_run(notebook: RunnableNotebook) -> None:
    run = await notebook.run("len?", cell=None)
    assert "Return the number of items" in run.outputs[0]["data"]["text/plain"]


async def test_load_replaces_the_source(notebook: RunnableNotebook) -> None:
    (Path(notebook.app.root_dir) / "code.py").write_text("y = 2\n")
    run, cell = await run_cell(notebook, "%load code.py")
    assert (run.status, run.notices) == ("ok", [SourceSetByRun(cell="c0")])
    assert cell.source == "# %load code.py\ny = 2\n"
    assert cell.execution_count == 1
    assert len(await sources(notebook)) == 3


async def test_a_next_input_is_a_cell_below(notebook: RunnableNotebook) -> None:
    code = NEXT.format(replace=False)
    run, _ = await run_cell(notebook, code)
    assert await sources(notebook) == [code, "y = 2", "source", "source"]
    async with reading(notebook.documents, notebook.ref) as cells:
        added = cells.get(1).cell_id
    assert added is not None
    assert run.notices == [CellAddedByRun(cell=added, index=1)]


async def test_what_others_wrote_while_it_ran_is_not_replaced(notebook: RunnableNotebook) -> None:
    code = "import os\nwhile not os.path.exists('go'): pass\n" + NEXT.format(replace=True)
    async with editing(notebook.documents, notebook.ref) as cells:
        cells.set_source(0, code)
    run = await notebook.submit(code)
    async with editing(notebook.documents, notebook.ref) as cells:
        cells.set_source(0, "theirs")
    (Path(notebook.app.root_dir) / "go").touch()
    assert await run.wait(LIMIT)
    assert (await sources(notebook))[:2] == ["theirs", "y = 2"]


async def test_a_cell_that_is_gone_gets_its_next_one_at_the_end(notebook: RunnableNotebook) -> None:
    code = "import os\nwhile not os.path.exists('go'): pass\n" + NEXT.format(replace=False)
    run = await notebook.submit(code)
    async with editing(notebook.documents, notebook.ref) as cells:
        cells.delete(0)
    (Path(notebook.app.root_dir) / "go").touch()
    assert await run.wait(LIMIT)
    assert await sources(notebook) == ["source", "source", "y = 2"]


async def test_without_a_cell_the_text_is_an_output(notebook: RunnableNotebook) -> None:
    run = await notebook.run(NEXT.format(replace=True), cell=None)
    assert [output["data"] for output in run.outputs] == [{"text/plain": "y = 2"}]
    assert await sources(notebook) == ["source"] * 3
    assert run.notices == []


async def test_only_a_run_that_succeeds_puts_anything(notebook: RunnableNotebook) -> None:
    run, _ = await run_cell(notebook, NEXT.format(replace=False) + "\n1/0")
    assert (run.status, len(await sources(notebook))) == ("error", 3)
    assert not any(isinstance(notice, NextInputNotPut) for notice in run.notices)
