"""Notebooks that other people wrote, from an installed package: papermill's own test notebooks."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.e2e.agent import Agent, saved, source_of
from tests.served import Served
from tests.thorough import fast_only

_papermill = find_spec("papermill")
assert _papermill is not None
assert _papermill.origin is not None
FOLDER = Path(_papermill.origin).parent / "tests" / "notebooks"
# Sources: papermill/tests/notebooks of the installed wheel (BSD-3). Formats 4.1 to 4.5; some fail,
# exit or have no kernelspec of this machine, which is what makes them worth it.
NAMES = [
    "simple_execute.ipynb",
    "complex_parameters.ipynb",
    "broken1.ipynb",
    "broken2.ipynb",
    "test_logging.ipynb",
    "nb_version_4.4.ipynb",
    "line_magic_error.ipynb",
    "result_no_exec.ipynb",
]


FAST = ("complex_parameters.ipynb", "broken1.ipynb", "nb_version_4.4.ipynb")
"""Several types of cells, one that fails, and an older format."""


@pytest.mark.parametrize("name", fast_only(NAMES, *FAST))
async def test_it_is_read_edited_run_and_saved_whole(
    name: str, served: Served, agent: Agent
) -> None:
    original = source_of(FOLDER / name)
    shutil.copy(FOLDER / name, served.root / name)

    opened = await agent.open(name, kernel_name="python3")
    assert opened["cell_count"] == len(original.cells)
    read = await agent.call("read_notebook", response_format="detailed", limit=1000)
    assert [cell["source"] for cell in read["cells"]] == [cell.source for cell in original.cells]

    await agent.call("insert_cell", cell_index=0, cell_type="markdown", cell_source="# Added")
    counts: list[int | None] = []
    for index, cell in enumerate(original.cells, start=1):
        if cell.cell_type == "code":
            run = await agent.call("execute_cell", cell_index=index, timeout=120)
            assert run["status"] in ("ok", "error"), run
            assert run["cell_index"] == index
            counts.append(run["execution_count"])

    after_runs = await saved(
        served,
        name,
        lambda notebook: (
            [c.execution_count for c in notebook.cells if c.cell_type == "code"] == counts
        ),
        "the runs are on disk",
    )
    assert [cell.source for cell in after_runs.cells] == [
        "# Added",
        *(c.source for c in original.cells),
    ]
    for before, after in zip(original.cells, after_runs.cells[1:], strict=True):
        assert {k: v for k, v in after.metadata.items() if k != "trusted"} == {
            k: v for k, v in before.metadata.items() if k != "trusted"
        }
    assert after_runs.nbformat_minor >= 5
    assert len({cell.id for cell in after_runs.cells}) == len(after_runs.cells)
