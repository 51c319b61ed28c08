"""Cells that a prompt cites: which ones, of which notebook, and how much of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from jmcp.testing import difference
from tests.calls import ALICE, BOB
from tests.fakes.jmcp import FakeJmcp


def cited(result: dict[str, Any]) -> list[int]:
    return [cell["cell_index"] for cell in result["cells"]]


@pytest.mark.parametrize(
    ("ranges", "indices"),
    [
        ("1", [1]),
        ("0-2", [0, 1, 2]),
        ("0-1,2", [0, 1, 2]),
        ("1-", [1, 2]),
        ("2-,0", [0, 2]),
        (" 0 - 1 , 1 ,", [0, 1]),
        ("2,2-2,0-0", [0, 2]),
    ],
)
async def test_cells_are_named_by_indices_and_ranges(
    jmcp: FakeJmcp, session: str, ranges: str, indices: list[int]
) -> None:
    assert cited(await jmcp.call("cite_cells", cell_indices=ranges)) == indices


@pytest.mark.parametrize("ranges", ["x", "-2", "1-x", "0--1", "0-1-2", "1.0", "٣", "0;1", "-"])
async def test_what_is_no_range_is_refused(jmcp: FakeJmcp, session: str, ranges: str) -> None:
    refused = await jmcp.fail("cite_cells", cell_indices=ranges)
    assert (refused["code"], refused["details"]) == ("cell_range_invalid", {"part": ranges})


async def test_a_range_has_its_ends_in_order(jmcp: FakeJmcp, session: str) -> None:
    refused = await jmcp.fail("cite_cells", cell_indices="0,2-1")
    assert (refused["code"], refused["details"]["part"]) == ("cell_range_invalid", "2-1")


@pytest.mark.parametrize("ranges", [" ", ",", " , "])
async def test_no_cell_is_refused(jmcp: FakeJmcp, session: str, ranges: str) -> None:
    assert (await jmcp.fail("cite_cells", cell_indices=ranges))["code"] == "cell_range_invalid"


@pytest.mark.parametrize("ranges", ["3", "3-", "0-3", "0-999999999"])
async def test_beyond_the_end_no_cell_is_found(jmcp: FakeJmcp, session: str, ranges: str) -> None:
    refused = await jmcp.fail("cite_cells", cell_indices=ranges)
    assert (refused["code"], refused["details"]) == ("cell_not_found", {"cell_count": 3})


async def test_a_notebook_needs_no_session(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("b.ipynb", "y = 1")
    result = await jmcp.call("cite_cells", BOB, cell_indices="0-", notebook_path="b.ipynb")
    assert difference({"notebook_path": "b.ipynb", "cells": [{"source": "y = 1"}]}, result) is None
    assert jmcp.documents.opened == 0


async def test_without_a_notebook_it_is_the_current_one_of_the_clients_own_session(
    jmcp: FakeJmcp,
) -> None:
    jmcp.documents.write("b.ipynb", "y = 1")
    here, there = replace(ALICE, connection="here"), replace(ALICE, connection="there")
    await jmcp.open("a.ipynb", here)
    await jmcp.open("b.ipynb", there)
    assert (await jmcp.call("cite_cells", here, cell_indices="0"))["notebook_path"] == "a.ipynb"
    assert (await jmcp.call("cite_cells", there, cell_indices="0"))["notebook_path"] == "b.ipynb"
    refused = await jmcp.fail("cite_cells", cell_indices="0")
    assert refused["details"] == {"notebooks": ["a.ipynb", "b.ipynb"]}
    assert (await jmcp.fail("cite_cells", BOB, cell_indices="0"))["code"] == "notebook_unclear"


@pytest.mark.parametrize("param", ["notebook_path", "notebook_name"])
async def test_a_notebook_may_be_named_as_the_session_does(jmcp: FakeJmcp, param: str) -> None:
    await jmcp.call("use_notebook", notebook_path="a.ipynb", notebook_name="work")
    jmcp.documents.write("b.ipynb", "y = 1")
    await jmcp.open("b.ipynb")
    result = await jmcp.call("cite_cells", ALICE, **{"cell_indices": "0", param: "work"})
    assert result["notebook_path"] == "a.ipynb"
    refused = await jmcp.fail("cite_cells", BOB, **{"cell_indices": "0", param: "work.ipynb"})
    assert refused["code"] == "notebook_not_found"


async def test_a_renamed_notebook_is_cited_where_it_is(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.rename("a.ipynb", "c.ipynb")
    assert (await jmcp.call("cite_cells", cell_indices="0"))["notebook_path"] == "c.ipynb"


async def test_what_does_not_fit_is_named(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("long.ipynb", *(["x" * 10_000] * 6))
    result = await jmcp.call("cite_cells", cell_indices="1-", notebook_path="long.ipynb")
    assert cited(result) == [1, 2, 3]
    assert difference({"count": 2, "start_index": 4}, result["more"]) is None
    outcome = await jmcp.outcome("cite_cells", cell_indices="1-", notebook_path="long.ipynb")
    assert "2 more cells not shown" in outcome.text
    assert "start_index 4" in outcome.text


async def test_of_a_long_cell_the_ends_are_cited(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("long.ipynb", "x" * 500_000)
    result = await jmcp.call("cite_cells", cell_indices="0", notebook_path="long.ipynb")
    assert result["cells"][0]["source_left_out"] > 470_000
    assert len(result["cells"][0]["source"]) < 21_000


async def test_what_cells_show_is_cited_too(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("out.ipynb", "1")
    cell_id = "c0"
    jmcp.documents.show("out.ipynb", cell_id, *(_printed(f"line {n}") for n in range(30)))
    result = await jmcp.call("cite_cells", cell_indices="0", notebook_path="out.ipynb")
    (cell,) = result["cells"]
    assert [output["text"] for output in cell["outputs"]] == [f"line {n}" for n in range(20)]
    assert cell["more_outputs"] == 10


def _printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}
