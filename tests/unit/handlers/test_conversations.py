"""Conversations and their notebooks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.fakes.jmcp import FakeJmcp


def cells_of(jmcp: FakeJmcp, path: str) -> list[dict[str, Any]]:
    text = jmcp.documents.text(path)
    assert text is not None
    found: list[dict[str, Any]] = json.loads(text)["cells"]
    return found


@pytest.mark.parametrize(
    "conversation_id",
    [
        *("..", "a..b", "a/b", "a\\b", "/a", ".a", "-a", " a", "a ", "a.", "a\nb", "a\0b"),
        *("a\u202eb", "a:b", "a*b", "a?b", "a#b", "a%b", '"a"', "~a", "\ud800"),
    ],
)
async def test_what_is_no_name_is_refused(jmcp: FakeJmcp, conversation_id: str) -> None:
    error = await jmcp.fail("create_conversation_notebook", conversation_id=conversation_id)
    assert error["code"] in ("conversation_id_refused", "invalid_arguments")
    showing = {"notebook_path": "a.ipynb", "conversation_id": conversation_id}
    assert (await jmcp.fail("prepare_notebook", **showing))["code"] == error["code"]
    assert (await jmcp.call("list_conversations"))["total"] == 0


@pytest.mark.parametrize("conversation_id", ["", "a" * 101])
async def test_an_empty_id_and_a_long_one_are_refused(jmcp: FakeJmcp, conversation_id: str) -> None:
    error = await jmcp.fail("create_conversation_notebook", conversation_id=conversation_id)
    assert error["code"] == "invalid_arguments"


@pytest.mark.parametrize("conversation_id", ["a", "Analysis 1", "5f3c-9b.v2", "größe_2", "会話"])
async def test_other_ids_are_names_of_notebooks(jmcp: FakeJmcp, conversation_id: str) -> None:
    made = await jmcp.call("create_conversation_notebook", conversation_id=conversation_id)
    assert made["notebook_path"] == f"conversations/{conversation_id}.ipynb"
    (row,) = (await jmcp.call("list_conversations"))["conversations"]
    assert (row["conversation_id"], row["url"]) == (conversation_id, made["url"])


async def test_two_spellings_of_one_id_are_one_conversation(jmcp: FakeJmcp) -> None:
    await jmcp.call("create_conversation_notebook", conversation_id="gro\u0308sse")
    again = await jmcp.call("create_conversation_notebook", conversation_id="gr\u00f6sse")
    assert again["opening"] == "opened"


async def test_a_conversation_that_is_there_is_opened_as_it_is(jmcp: FakeJmcp) -> None:
    first = await jmcp.call(
        "create_conversation_notebook", conversation_id="c1", title="First", initial_content="text"
    )
    assert (first["opening"], first["notices"]) == ("created", [])
    path = first["notebook_path"]
    assert [cell["source"] for cell in cells_of(jmcp, path)] == ["# First\n\ntext"]
    plain = await jmcp.call("create_conversation_notebook", conversation_id="c1")
    assert (plain["opening"], plain["notices"]) == ("opened", [])
    second = await jmcp.call(
        "create_conversation_notebook",
        session_id=first["session_id"],
        conversation_id="c1",
        title="Second",
    )
    assert (second["opening"], second["action"]) == ("reused", "reload_iframe")
    assert [notice["code"] for notice in second["notices"]] == ["conversation_exists"]
    assert [cell["source"] for cell in cells_of(jmcp, path)] == ["# First\n\ntext"]


async def test_two_that_make_it_at_once_have_one_notebook(jmcp: FakeJmcp) -> None:
    hold = jmcp.faults.hold("documents.create")
    first = asyncio.create_task(
        jmcp.call("create_conversation_notebook", conversation_id="c1", title="First")
    )
    await hold.reached.wait()
    second = await jmcp.call("create_conversation_notebook", conversation_id="c1", title="Second")
    hold.release()
    assert (second["opening"], (await first)["opening"]) == ("created", "opened")
    assert [notice["code"] for notice in (await first)["notices"]] == ["conversation_exists"]
    sources = [cell["source"] for cell in cells_of(jmcp, "conversations/c1.ipynb")]
    assert sources == ["# Second"]


async def test_a_template_gives_its_cells_but_no_outputs(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("execute_cell", session_id=session, cell_index=2)
    made = await jmcp.call(
        "create_conversation_notebook", conversation_id="c1", title="Copy", template="a.ipynb"
    )
    cells = cells_of(jmcp, made["notebook_path"])
    assert [cell["source"] for cell in cells] == ["# Copy", "x = 6", "print(x)", "x * 7"]
    assert [(cell["outputs"], cell["execution_count"]) for cell in cells[1:]] == [([], None)] * 3
    assert not {cell["id"] for cell in cells} & {"c0", "c1", "c2"}
    missing = await jmcp.fail(
        "create_conversation_notebook", conversation_id="c2", template="nope.ipynb"
    )
    assert missing["code"] == "notebook_not_found"
    assert (await jmcp.call("list_conversations"))["total"] == 1


async def test_conversations_are_listed_in_pages(jmcp: FakeJmcp) -> None:
    assert (await jmcp.call("list_conversations"))["conversations"] == []
    for number in range(3):
        await jmcp.call("create_conversation_notebook", conversation_id=f"c{number}")
    jmcp.documents.put_text("conversations/note.txt", "no notebook")
    jmcp.documents.write("conversations/-odd.ipynb", "1")
    jmcp.documents.write("conversations/below/deep.ipynb", "1")
    page = await jmcp.call("list_conversations", start_index=1, limit=2)
    assert (page["total"], page["more"]) == (4, {"count": 1, "start_index": 3})
    every = (await jmcp.call("list_conversations"))["conversations"]
    assert [row["conversation_id"] for row in every] == [None, "c0", "c1", "c2"]
    assert all(row["size"] and row["last_modified"] for row in every)


async def test_a_file_in_place_of_the_folder_is_told(jmcp: FakeJmcp) -> None:
    jmcp.documents.put_text("conversations", "a file")
    error = await jmcp.fail("create_conversation_notebook", conversation_id="c1")
    assert error["code"] == "write_refused"
    assert "a file has that name" in error["message"]
