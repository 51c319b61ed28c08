"""Notebooks as they are found on disk: old, empty, huge, broken, in every script."""

from __future__ import annotations

import time

import nbformat
import pytest

from tests.e2e.agent import Agent, is_run, notices, saved, texts, write
from tests.served import Served

MEGABYTE = 2**20
OPENING_SECONDS = 60
# 20 MB take about two seconds on a slow machine; what this refuses is minutes.
UNICODE = "π = 'naïve café — 日本語 한국어 العربية עברית 🤖👩‍👩‍👧 \u200b\ufeff \\x00 ¡'\nprint(π)"


@pytest.mark.parametrize("minor", [2, 4])
async def test_an_old_notebook_gets_ids_with_its_first_edit(
    minor: int, served: Served, agent: Agent
) -> None:
    path = f"old{minor}.ipynb"
    write(served, path, "x = 1", "x + 1", minor=minor)
    opened = await agent.open(path)
    assert [cell["cell_id"] for cell in opened["cells"]] == [None, None]

    # Running changes outputs and no format: the file stays as its other readers need it.
    run = await agent.call("execute_cell", cell_index=0)
    assert run["status"] == "ok"
    assert "cell_ids_given" not in notices(run)
    assert run["cell_id"] is None
    assert run["cell_index"] == 0
    assert (await agent.call("read_cell", cell_index=0))["execution_count"] == 1
    assert await agent.refused("read_cell", cell_id="c0") == "cell_not_found"

    edited = await agent.call("overwrite_cell_source", cell_index=1, cell_source="x + 2")
    assert "cell_ids_given" in notices(edited)
    assert edited["cell_id"] is not None
    run = await agent.call("execute_cell", cell_id=edited["cell_id"])
    assert texts(run) == ["3"]
    again = await agent.call("insert_cell", cell_index=0, cell_type="markdown", cell_source="# a")
    assert "cell_ids_given" not in notices(again)
    on_disk = await saved(
        served, path, lambda found: len(found.cells) == 3 and found.cells[2].outputs, "all edits"
    )
    assert on_disk.nbformat_minor == 5
    listed = (await agent.call("read_notebook"))["cells"]
    assert [cell["cell_id"] for cell in listed] == [cell.id for cell in on_disk.cells]


async def test_an_empty_notebook_can_be_filled(served: Served, agent: Agent) -> None:
    write(served, "empty.ipynb")
    opened = await agent.open("empty.ipynb")
    assert opened["cell_count"] in (0, 1)  # a room adds an empty code cell, as JupyterLab does
    await agent.call("insert_cell", cell_index=0, cell_type="markdown", cell_source="# First")
    assert texts(await agent.run("6 * 7")) == ["42"]
    await saved(
        served,
        "empty.ipynb",
        lambda found: len(found.cells) == opened["cell_count"] + 2 and is_run(found.cells[-1]),
        "both cells are on disk",
    )


async def test_an_empty_file_is_not_a_notebook(served: Served, agent: Agent) -> None:
    (served.root / "nothing.ipynb").write_bytes(b"")
    assert await agent.refused("use_notebook", notebook_path="nothing.ipynb") == "notebook_invalid"


async def test_20_megabytes_open_and_keep_everything(served: Served, agent: Agent) -> None:
    big = write(served, "big.ipynb", *(f"value = {n}" for n in range(24)))
    line = "0123456789abcde\n"
    for cell in big.cells:
        text = line * (MEGABYTE // 2 // len(line))
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    nbformat.write(big, served.root / "big.ipynb")
    assert (served.root / "big.ipynb").stat().st_size > 20 * MEGABYTE

    began = time.monotonic()
    opened = await agent.open("big.ipynb")
    assert opened["cell_count"] == 24
    assert time.monotonic() - began < OPENING_SECONDS
    answer = await agent.ask("read_cell", cell_index=23)
    assert answer.result is not None
    assert len(answer.text) < 10_000
    assert answer.result["outputs"][0]["left_out"] > MEGABYTE // 2 - 10_000

    edited = await agent.call("overwrite_cell_source", cell_index=3, cell_source="value = 'new'")
    assert texts(await agent.run("1 + 1")) == ["2"]
    on_disk = await saved(
        served,
        "big.ipynb",
        lambda found: len(found.cells) == 25 and is_run(found.cells[24]),
        "the run is on disk",
    )
    assert on_disk.cells[3].source == "value = 'new'", edited
    assert [cell.outputs[0].text for cell in on_disk.cells[:24]] == [
        cell.outputs[0].text for cell in big.cells
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut", '{"cells": ['),
        ("list", "[]"),
        ("shape", '{"cells": 3}'),
        ("ancient", '{"nbformat": 3, "nbformat_minor": 0}'),
    ],
)
async def test_a_broken_notebook_is_refused_until_it_is_repaired(
    name: str, content: str, served: Served, agent: Agent
) -> None:
    path = f"{name}.ipynb"
    (served.root / path).write_text(content)
    for _ in range(3):
        assert await agent.refused("use_notebook", notebook_path=path) == "notebook_invalid"
    assert (served.root / path).read_text() == content
    write(served, path, "'repaired'")
    opened = await agent.open(path)
    assert [cell["first_line"] for cell in opened["cells"]] == ["'repaired'"]
    assert texts(await agent.call("execute_cell", cell_index=0)) == ["'repaired'"]


async def test_a_deleted_notebook_can_be_let_go(served: Served, agent: Agent) -> None:
    write(served, "deleted.ipynb", "1")
    await agent.open("deleted.ipynb")
    await agent.call("execute_cell", cell_index=0)
    (served.root / "deleted.ipynb").unlink()
    assert await agent.refused("read_notebook") == "notebook_not_found"
    released = await agent.call("unuse_notebook", kernel="stop")
    assert released["kernel"] == "stopped"
    assert released["session_ended"]
    agent.session_id = None


async def test_every_script_survives_the_way(served: Served, agent: Agent) -> None:
    path = "Ünï 日本 🤖 'x' #1%20.ipynb"
    write(served, path, UNICODE)
    opened = await agent.open(path)
    assert opened["notebook_path"] == path
    read = await agent.call("read_cell", cell_index=0)
    assert read["source"] == UNICODE
    run = await agent.call("execute_cell", cell_index=0)
    assert run["status"] == "ok", run
    expected = UNICODE.split("'")[1].replace("\\x00", "\x00") + "\n"
    assert texts(run) == [expected]
    edited = await agent.call(
        "edit_cell_source", cell_index=0, old_string="🤖👩‍👩‍👧", new_string="👩🏽‍🚀é"
    )
    assert edited["change"] == "edited"
    by_name = await agent.call("read_notebook", notebook_path=path)
    assert by_name["cell_count"] == 1
    after = UNICODE.replace("🤖👩‍👩‍👧", "👩🏽‍🚀é")

    on_disk = await saved(
        served,
        path,
        lambda found: found.cells[0].source == after and found.cells[0].outputs,
        "the edit is on disk",
    )
    assert [output.text for output in on_disk.cells[0].outputs] == [expected]


async def test_long_cells_and_long_lines_stay_whole(served: Served, agent: Agent) -> None:
    long_line = "line = '" + "x" * 10_000 + "'"
    source = "\n".join([long_line, *(f"total_{n} = {n}  # as it was" for n in range(120))])
    assert len(source) > 13_000
    write(served, "long.ipynb", "")
    await agent.open("long.ipynb")
    inserted = await agent.call("insert_cell", cell_index=0, cell_type="code", cell_source=source)
    listed = (await agent.call("read_notebook"))["cells"][0]
    assert listed["line_count"] == 121
    assert len(listed["first_line"]) <= 100
    read = await agent.call("read_cell", cell_id=inserted["cell_id"])
    assert read["source"] == source
    edited = await agent.call(
        "edit_cell_source",
        cell_id=inserted["cell_id"],
        old_string="total_7 = 7",
        new_string="total_7 = len(line)",
    )
    assert "+total_7 = len(line)" in edited["diff"]
    assert (await agent.call("execute_cell", cell_index=0))["status"] == "ok"
    assert texts(await agent.run("total_7, total_119")) == ["(10000, 119)"]
    await saved(
        served,
        "long.ipynb",
        lambda found: found.cells[0].source == source.replace("= 7 ", "= len(line) "),
        "the cell is on disk as it is",
    )
