"""The notebook that `make serve` opens: what it says holds, and what an agent is asked to do there works."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from jmcp.clients.table import CLIENTS
from tests.e2e.agent import connected_agent
from tests.served import Served

EXAMPLES = Path(__file__).parents[3] / "examples" / "notebooks"
FILES = ("welcome.ipynb", "penguins.csv")


@pytest.fixture
def welcome(served: Served) -> Iterator[str]:
    """A copy of the notebook and its data on a server; its path there."""
    folder = served.root / "welcome"
    folder.mkdir()
    for name in FILES:
        shutil.copy(EXAMPLES / name, folder / name)
    yield "welcome/welcome.ipynb"
    shutil.rmtree(folder)


async def test_an_agent_runs_it_and_mends_what_fails(served: Served, welcome: str) -> None:
    async with connected_agent(served) as agent:
        await agent.open(welcome)
        ran = await agent.call("run_cells")
        states = {cell["cell_id"]: cell["status"] for cell in ran["batch"]["cells"]}
        assert states == {"load": "ok", "summary": "ok", "plot": "ok", "heaviest": "error"}
        await agent.call(
            "edit_cell_source",
            cell_id="heaviest",
            old_string='"body_mass"',
            new_string='"body_mass_g"',
        )
        mended = await agent.call("execute_cell", cell_id="heaviest")
        said = "".join(output["text"] for output in mended["outputs"])
        assert said == "The heaviest penguin is a Gentoo of 6,300 g.\n"
        plot = await agent.call("read_cell", cell_id="plot")
        assert any("image/png" in str(output) for output in plot["outputs"])


def test_what_it_says_of_its_data_and_of_clients() -> None:
    with (EXAMPLES / "penguins.csv").open() as file:
        rows = list(csv.DictReader(file))
    notebook = nbformat.read(EXAMPLES / "welcome.ipynb", as_version=4)
    nbformat.validate(notebook)
    text = "\n".join(cell.source for cell in notebook.cells)
    years = sorted({row["year"] for row in rows})
    assert f"{len(rows)} penguins of three species" in text
    assert len({row["species"] for row in rows}) == 3
    assert f"from {years[0]} to {years[-1]}" in text
    assert "[CC0](" in text
    assert all(name in text for name in CLIENTS)


def test_it_is_kept_as_a_new_user_finds_it() -> None:
    """Nothing has been run, whoever tried it in a checkout."""
    notebook = nbformat.read(EXAMPLES / "welcome.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert "body_mass_g" not in next(cell.source for cell in code if cell.id == "heaviest")
