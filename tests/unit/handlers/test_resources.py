"""Notebooks, cells and outputs by their URIs, and the values that parts of these could have."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from jmcp.core.calls.call import Outcome
from jmcp.core.calls.resources import Content
from jmcp_api import limits
from jmcp_api.resources import CELL, EXECUTION_OUTPUT, NOTEBOOK, OUTPUT
from tests.calls import ALICE, BOB
from tests.fakes.jmcp import FakeJmcp

PNG = base64.b64encode(b"not a picture at all").decode()
SVG = "<svg xmlns='http://www.w3.org/2000/svg'/>"


def printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def shown(**data: Any) -> dict[str, Any]:
    types = {name.replace("__", "/").replace("_", "."): value for name, value in data.items()}
    return {"output_type": "display_data", "data": types, "metadata": {}}


def uri_of(output: int, mime_type: str, cell_id: str = "c0", path: str = "a.ipynb") -> str:
    return OUTPUT.uri_of(path=path, cell_id=cell_id, output=str(output), mime_type=mime_type)


async def read(jmcp: FakeJmcp, uri: str, **arguments: Any) -> tuple[Outcome, Content]:
    outcome = await jmcp.dispatcher.call("read_resource", {"uri": uri, **arguments}, ALICE)
    assert outcome.content is not None, outcome.text
    return outcome, outcome.content


async def test_each_output_is_there_in_each_of_its_types(jmcp: FakeJmcp) -> None:
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[31mE: v"]}
    jmcp.documents.show(
        "a.ipynb",
        "c0",
        printed("\x1b[1mbold\x1b[0m\n"),
        error,
        shown(text__plain="<Figure>", image__png=PNG, text__html="<b>x</b>"),
        {**shown(), "data": {"image/svg+xml": SVG, "application/vnd.x+json": {"a": [1, "é"]}}},
    )
    expected: dict[tuple[int, str], str | bytes] = {
        (0, "text/plain"): "bold\n",
        (1, "text/plain"): "E: v",
        (2, "text/plain"): "<Figure>",
        (2, "image/png"): b"not a picture at all",
        (2, "text/html"): "<b>x</b>",
        (3, "image/svg+xml"): SVG,
        (3, "application/vnd.x+json"): '{"a": [1, "é"]}',
    }
    for (output, mime_type), data in expected.items():
        _, content = await read(jmcp, uri_of(output, mime_type))
        assert content == Content(uri=uri_of(output, mime_type), mime_type=mime_type, data=data)


async def test_lines_of_text_and_of_base64_are_put_together(jmcp: FakeJmcp) -> None:
    lines = [f"{PNG[:8]}\n", PNG[8:]]
    jmcp.documents.show("a.ipynb", "c0", shown(image__png=lines, text__html=["<p>", "</p>"]))
    assert (await read(jmcp, uri_of(0, "image/png")))[1].data == b"not a picture at all"
    assert (await read(jmcp, uri_of(0, "text/html")))[1].data == "<p></p>"


async def test_data_of_a_type_that_nobody_knows_is_what_it_is(jmcp: FakeJmcp) -> None:
    data = {"application/x-odd": "not base64!", "application/pdf": "JVBERg=="}
    jmcp.documents.show("a.ipynb", "c0", {**shown(), "data": data})
    assert (await read(jmcp, uri_of(0, "application/x-odd")))[1].data == "not base64!"
    assert (await read(jmcp, uri_of(0, "application/pdf")))[1].data == b"%PDF"


async def test_a_result_has_pages_of_the_text_and_the_content_all_of_it(jmcp: FakeJmcp) -> None:
    jmcp.documents.show("a.ipynb", "c0", printed("x" * 30_000 + "end"))
    outcome, content = await read(jmcp, uri_of(0, "text/plain"))
    assert outcome.result is not None
    assert (outcome.result["size"], outcome.result["left_out"]) == (30_003, 10_003)
    assert isinstance(content.data, str)
    assert len(content.data) == 30_003
    page, _ = await read(jmcp, uri_of(0, "text/plain"), start=30_000)
    assert page.result is not None
    assert page.result["text"] == "end"


@pytest.mark.parametrize(
    ("output", "mime_type", "part"),
    [
        (1, "text/plain", "there is 1 output"),
        (-1, "text/plain", "no output '-1'"),
        (0, "image/png", "it has text/plain"),
        (10**20, "text/plain", "there is 1 output"),
    ],
)
async def test_what_a_cell_does_not_show_is_not_found(
    jmcp: FakeJmcp, output: int, mime_type: str, part: str
) -> None:
    jmcp.documents.show("a.ipynb", "c0", printed("one"))
    refused = await jmcp.fail("read_resource", uri=uri_of(output, mime_type))
    assert refused["code"] == "resource_not_found"
    assert part in refused["message"]


async def test_a_notebook_is_markdown_with_addresses(jmcp: FakeJmcp) -> None:
    long = "line\n" * 2_000
    jmcp.documents.show("a.ipynb", "c0", printed("```\nhello\n"), shown(image__png=PNG))
    jmcp.documents.show("a.ipynb", "c1", printed(long))
    _, content = await read(jmcp, NOTEBOOK.uri_of(path="a.ipynb"))
    assert isinstance(content.data, str)
    assert content.mime_type == "text/markdown"
    text = content.data
    assert [text.index(part) for part in ("x = 6", "hello", "print(x)", "x * 7")] == sorted(
        text.index(part) for part in ("x = 6", "hello", "print(x)", "x * 7")
    )
    assert "````\n```\nhello\n````" in text
    assert f"image/png: {uri_of(1, 'image/png')}" in text
    assert f"left out; all of it: {uri_of(0, 'text/plain', 'c1')}" in text
    _, whole = await read(jmcp, uri_of(0, "text/plain", "c1"))
    assert whole.data == long


async def test_a_cell_is_a_part_of_its_notebook(jmcp: FakeJmcp) -> None:
    jmcp.documents.show("a.ipynb", "c1", printed("6\n"))
    _, whole = await read(jmcp, NOTEBOOK.uri_of(path="a.ipynb"))
    _, cell = await read(jmcp, CELL.uri_of(path="a.ipynb", cell_id="c1"))
    assert isinstance(cell.data, str)
    assert isinstance(whole.data, str)
    assert cell.data in whole.data
    assert "print(x)" in cell.data
    assert "x = 6" not in cell.data


async def test_what_people_typed_is_read_and_nothing_is_held(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.type_over("a.ipynb", "c0", "typed = 1")
    _, content = await read(jmcp, CELL.uri_of(path="a.ipynb", cell_id="c0"))
    assert isinstance(content.data, str)
    assert "typed = 1" in content.data
    assert not +jmcp.documents.held


async def test_names_may_have_any_character(jmcp: FakeJmcp) -> None:
    for path in ("d e/ü #1 50%.ipynb", "cells/x.ipynb", "a.ipynb.d/cells/b?.ipynb"):
        jmcp.documents.write(path, "z = 1")
        _, content = await read(jmcp, NOTEBOOK.uri_of(path=path))
        assert isinstance(content.data, str)
        assert "z = 1" in content.data


@pytest.mark.parametrize("path", ["../a.ipynb", ".hidden.ipynb", "a.txt", "b.ipynb"])
async def test_paths_are_as_safe_as_those_of_tools(jmcp: FakeJmcp, path: str) -> None:
    jmcp.documents.put_text("a.txt", "secret")
    refused = await jmcp.fail("read_resource", uri=NOTEBOOK.uri_of(path=path))
    assert refused["code"] in ("path_refused", "notebook_not_found")


async def test_a_cell_without_an_id_has_no_address(jmcp: FakeJmcp) -> None:
    cell = {"cell_type": "code", "source": "1", "metadata": {}, "execution_count": 1}
    cell["outputs"] = [printed("x" * 10_000)]
    old = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}
    jmcp.documents.put_text("old.ipynb", json.dumps(old))
    _, content = await read(jmcp, NOTEBOOK.uri_of(path="old.ipynb"))
    assert isinstance(content.data, str)
    assert "notebook://" not in content.data
    refused = await jmcp.fail("read_resource", uri=CELL.uri_of(path="old.ipynb", cell_id="c0"))
    assert refused["code"] == "cell_not_found"
    assert "4.5" in refused["message"]


async def test_what_is_too_large_says_the_limit_and_another_way(jmcp: FakeJmcp) -> None:
    jmcp.documents.show("a.ipynb", "c0", printed("x" * (limits.RESOURCE_BYTES + 1)))
    refused = await jmcp.fail("read_resource", uri=uri_of(0, "text/plain"))
    assert (refused["code"], refused["details"]["limit"]) == ("resource_too_large", 10_000_000)
    assert "read_cell" in refused["message"]
    jmcp.documents.write("large.ipynb", *(["y" * 100_000] * 5))
    refused = await jmcp.fail("read_resource", uri=NOTEBOOK.uri_of(path="large.ipynb"))
    assert (refused["code"], refused["details"]["limit"]) == ("resource_too_large", 400_000)
    assert "read_notebook" in refused["message"]


async def test_an_output_of_a_run_is_for_whoever_ran_it(jmcp: FakeJmcp, session: str) -> None:
    ran = await jmcp.call("execute_code", session_id=session, code="print(6)")
    uri = EXECUTION_OUTPUT.uri_of(
        execution_id=ran["execution_id"], output="0", mime_type="text/plain"
    )
    _, content = await read(jmcp, uri)
    assert content.data == "6\n"
    refused = await jmcp.fail("read_resource", BOB, uri=uri)
    assert refused["code"] == "resource_not_found"
    nobodys = EXECUTION_OUTPUT.uri_of(execution_id="nope", output="0", mime_type="text/plain")
    same = await jmcp.fail("read_resource", uri=nobodys)
    assert refused["message"].replace(ran["execution_id"], "nope") == same["message"]


async def test_values_that_begin_so_come_first(jmcp: FakeJmcp) -> None:
    for path in ("report.ipynb", "old/report.ipynb", "work/my report.ipynb", "Reports/x.ipynb"):
        jmcp.documents.write(path, "1")
    completed = await jmcp.call("complete_value", kind="notebook", value="rep")
    assert completed["values"] == [
        "Reports/x.ipynb",
        "report.ipynb",
        "old/report.ipynb",
        "work/my report.ipynb",
    ]


async def test_of_many_values_a_hundred_are_named(jmcp: FakeJmcp) -> None:
    for number in range(150):
        jmcp.documents.write(f"book {number:03d}.ipynb", "1")
    completed = await jmcp.call("complete_value", kind="notebook", value="book")
    assert (completed["total"], len(completed["values"])) == (150, 100)


async def test_outputs_and_their_types_are_completed(jmcp: FakeJmcp) -> None:
    jmcp.documents.show("a.ipynb", "c0", printed("x"), shown(image__png=PNG, text__plain="y"))
    cell = {"notebook_path": "a.ipynb", "cell_id": "c0"}
    completed = await jmcp.call("complete_value", ALICE, kind="output", **cell)
    assert completed["values"] == ["0", "1"]
    completed = await jmcp.call("complete_value", ALICE, kind="mime_type", output=1, **cell)
    assert completed["values"] == ["image/png", "text/plain"]
    for odd in ({"output": 7}, {"cell_id": "nope"}, {}):
        arguments: dict[str, Any] = {**cell, **odd}
        completed = await jmcp.call("complete_value", ALICE, kind="mime_type", **arguments)
        assert completed["values"] == []
