"""Searching notebooks."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from jmcp_handlers.cells import search
from jmcp_handlers.support.search import line_matches
from jmcp_handlers.support.search.line_matches import PIECE_CHARACTERS, LineMatch, TextPattern
from jmcp_handlers.support.time_slices import SLICE_SECONDS
from tests.fakes.jmcp import FakeJmcp

CATASTROPHE = {"pattern": "(x+x+)+y", "regex": True}


async def find(jmcp: FakeJmcp, session: str, pattern: str, **arguments: Any) -> list[Any]:
    """Index, output, line and text of each match."""
    found = await jmcp.call("search_notebook", session_id=session, pattern=pattern, **arguments)
    return [
        (one["cell_index"], one.get("output"), one["line"], one["text"]) for one in found["matches"]
    ]


async def test_each_line_is_found_once_with_its_number(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.type_over("a.ipynb", "c1", "x = x + x\n\nprint(x)\n")
    assert await find(jmcp, session, "x") == [
        (0, None, 1, "x = 6"),
        (1, None, 1, "x = x + x"),
        (1, None, 3, "print(x)"),
        (2, None, 1, "x * 7"),
    ]
    assert await find(jmcp, session, "^x . \\d$", regex=True) == [
        (0, None, 1, "x = 6"),
        (2, None, 1, "x * 7"),
    ]


async def test_a_text_may_have_several_lines_and_is_no_pattern(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.documents.type_over("a.ipynb", "c1", "if a.b:\n    c(")
    assert await find(jmcp, session, ":\n    c(") == [(1, None, 1, "if a.b:")]
    assert await find(jmcp, session, "a.b") == [(1, None, 1, "if a.b:")]
    assert await find(jmcp, session, "a?b") == []
    assert await find(jmcp, session, "IF A", ignore_case=True) == [(1, None, 1, "if a.b:")]


async def test_outputs_are_found_as_text(jmcp: FakeJmcp, session: str) -> None:
    for cell_id in ("c0", "c1", "c2"):
        await jmcp.call("execute_cell", session_id=session, cell_id=cell_id)
    assert await find(jmcp, session, "6", where="outputs") == [(1, 0, 1, "6")]
    both = await find(jmcp, session, "6|42", regex=True, where="both")
    assert both == [(0, None, 1, "x = 6"), (1, 0, 1, "6"), (2, 0, 1, "42")]


async def test_pages_and_lines_around(jmcp: FakeJmcp) -> None:
    lines = [f"line {number}" for number in range(50)]
    jmcp.documents.write("long.ipynb", "\n".join(lines), "last")
    session = await jmcp.open("long.ipynb")
    found = await jmcp.call(
        "search_notebook", session_id=session, pattern="line", start_index=48, context=2
    )
    assert (found["total"], found["start_index"]) == (50, 48)
    assert [one["text"] for one in found["matches"]] == ["line 48", "line 49"]
    assert [one["before"] for one in found["matches"]] == [lines[46:48], lines[47:49]]
    assert [one["after"] for one in found["matches"]] == [["line 49"], []]


async def test_a_long_line_is_cut_around_the_match_and_a_page_fits(jmcp: FakeJmcp) -> None:
    long = "a" * 5000 + "needle" + "b" * 5000
    jmcp.documents.write("long.ipynb", *(long for _ in range(200)))
    session = await jmcp.open("long.ipynb")
    found = await jmcp.call(
        "search_notebook", session_id=session, pattern="needle", limit=200, context=5
    )
    text = found["matches"][0]["text"]
    assert (text[0], text[-1]) == ("…", "…")
    assert "aaaneedlebbb" in text
    assert len(text) == search.LINE_CHARACTERS + 2
    assert (found["total"], len(found["matches"])) == (200, 20_000 // len(text))


async def test_what_it_shows_the_session_has_seen(jmcp: FakeJmcp, session: str) -> None:
    await find(jmcp, session, "x \\*", regex=True)
    jmcp.documents.put_in("a.ipynb", 0, "above", "p0")
    error = await jmcp.fail("execute_cell", session_id=session, cell_index=2)
    assert error["code"] == "cell_changed"


async def test_several_notebooks_each_with_its_path(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.write("sub/b.ipynb", "x = 'b'")
    jmcp.documents.write("c.ipynb", "x = 'c'")
    jmcp.documents.put_text("broken.ipynb", "{")
    jmcp.documents.put_text("notes.txt", "x = 1")
    await jmcp.call("use_notebook", session_id=session, notebook_path="c.ipynb")
    jmcp.documents.type_over("c.ipynb", "c0", "x = 'typed, not saved'")
    call = {"session_id": session, "pattern": "x = '", "notebook_path": "a.ipynb"}
    held = await jmcp.call("search_notebook", scope="session", **call)
    assert [(one["notebook_path"], one["text"]) for one in held["matches"]] == [
        ("c.ipynb", "x = 'typed, not saved'")
    ]
    found = await jmcp.call("search_notebook", scope="workspace", **call)
    assert [one["notebook_path"] for one in found["matches"]] == ["c.ipynb", "sub/b.ipynb"]
    (notice,) = found["notices"]
    assert notice["code"] == "notebooks_not_searched"
    assert "broken.ipynb" in notice["message"]
    assert +jmcp.documents.held == {}


async def test_headings_are_those_above_and_not_those_in_code(jmcp: FakeJmcp) -> None:
    jmcp.documents.put_text(
        "h.ipynb",
        """{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
        {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": null,
         "source": "# find\\n"},
        {"cell_type": "markdown", "id": "b", "metadata": {},
         "source": "find\\n# One #\\nfind\\n```\\n# no find\\n```\\n#no\\n## Two"},
        {"cell_type": "raw", "id": "c", "metadata": {}, "source": "find"}]}""",
    )
    session = await jmcp.open("h.ipynb")
    found = await jmcp.call("search_notebook", session_id=session, pattern="find")
    assert [one.get("heading") for one in found["matches"]] == [
        None, None, "# One", "# One", "## Two",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "position"),
    [("a(b", 1), ("[a", 0), ("*", 0), ("(?R)", 1), ("\\", 0), ("(" * 499 + ")" * 499, None)],
)
async def test_what_is_no_pattern_says_where(
    jmcp: FakeJmcp, session: str, pattern: str, position: int | None
) -> None:
    error = await jmcp.fail("search_notebook", session_id=session, pattern=pattern, regex=True)
    assert (error["code"], error["details"].get("position")) == ("pattern_invalid", position)
    assert f"position {position}" in error["message"] or position is None


async def test_a_pattern_that_warns_is_one(jmcp: FakeJmcp, session: str) -> None:
    assert await find(jmcp, session, "[[x]", regex=True)


async def test_an_endless_pattern_is_ended_while_others_go_on(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_matches, "PATTERN_SECONDS", 0.5)
    jmcp.documents.write("a.ipynb", "x" * 60)
    session = await jmcp.open("a.ipynb")
    searching = asyncio.create_task(jmcp.fail("search_notebook", session_id=session, **CATASTROPHE))
    calls = 0
    while not searching.done():
        await jmcp.call("read_cell", session_id=session, cell_index=0)
        calls += 1
        await asyncio.sleep(0.01)
    assert (await searching)["code"] == "pattern_too_slow"
    assert calls > 5


async def test_ten_megabytes_of_outputs_keep_nobody_waiting(jmcp: FakeJmcp) -> None:
    jmcp.documents.write(
        "big.ipynb", *(f"print('line of text\\n' * 200_000 + 'end {n}')" for n in range(4))
    )
    session = await jmcp.open("big.ipynb")
    for index in range(4):
        await jmcp.call("execute_cell", session_id=session, cell_index=index)
    gaps: list[float] = []

    async def beat() -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(0)
            now = time.monotonic()
            gaps.append(now - last)
            last = now

    beating = asyncio.create_task(beat())
    found = await jmcp.call(
        "search_notebook", session_id=session, pattern="END 3", ignore_case=True, where="outputs"
    )
    beating.cancel()
    assert [(one["cell_index"], one["line"]) for one in found["matches"]] == [(3, 200_001)]
    assert len(gaps) > 5
    assert max(gaps) < 10 * SLICE_SECONDS  # of a machine that does other things as well


async def test_a_search_has_limits_and_says_so(
    jmcp: FakeJmcp, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("COUNTED_LINES", 2),
        ("SEARCHED_CHARACTERS", 8),
        ("WORKSPACE_SECONDS", -1.0),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(search, name, value)
            found = await jmcp.call(
                "search_notebook", session_id=session, pattern="x", scope="workspace"
            )
        assert [one["code"] for one in found["notices"]] == ["search_cut"], name
        assert found["total"] < 3, name


async def test_a_match_across_two_pieces_is_found() -> None:
    text = "y" * (PIECE_CHARACTERS - 2) + "needle\n" + "needle needle\n"
    found = await TextPattern("needle", ignore_case=False).find([text], 10)
    begin = PIECE_CHARACTERS - 2
    assert found == [
        LineMatch(text=0, line=0, start=begin, end=begin + 6),
        LineMatch(text=0, line=1, start=begin + 7, end=begin + 13),
    ]
