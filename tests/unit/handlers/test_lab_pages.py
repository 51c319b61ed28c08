"""Notebooks that are shown to people, and those that they have open."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from jmcp.core.calls.call import Caller
from jmcp.core.calls.principal import implied
from jmcp_jupyter.lab.workspaces import FACTORY
from tests.calls import ALICE, BOB
from tests.fakes.jmcp import FakeJmcp

READER = Caller(owner="alice", authenticated=True, scopes=implied(("read",)))
SHOWING = ("prepare_notebook", "switch_notebook")


def codes(result: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in result["notices"]]


def saved(*tabs: tuple[str, str], current: str | None = None) -> dict[str, Any]:
    """A workspace as JupyterLab saves it, with tabs by path and factory."""
    entries: dict[str, Any] = {
        f"notebook:{path}": {"data": {"path": path, "factory": factory}} for path, factory in tabs
    }
    if current is not None:
        entries["layout-restorer:data"] = {"main": {"current": f"notebook:{current}"}}
    return {"data": entries, "metadata": {"id": "/default"}}


@pytest.mark.parametrize("tool", SHOWING)
async def test_a_session_is_switched_and_no_other_one(
    jmcp: FakeJmcp, session: str, tool: str
) -> None:
    jmcp.documents.write("b.ipynb", "1")
    other = await jmcp.open("a.ipynb")
    before = await jmcp.call("list_notebooks", session_id=other)
    for path, opening, action in (
        ("b.ipynb", "opened", "navigate_to_url"),
        ("b.ipynb", "reused", "reload_iframe"),
        ("a.ipynb", "switched", "navigate_to_url"),
    ):
        shown = await jmcp.call(tool, session_id=session, notebook_path=path)
        assert (shown["opening"], shown["action"]) == (opening, action)
        assert (shown["session_id"], shown["notebook_path"]) == (session, path)
        assert shown["next"] is None
        read = await jmcp.call("read_notebook", session_id=session)
        assert read["cell_count"] == shown["cell_count"]
    assert await jmcp.call("list_notebooks", session_id=other) == before


@pytest.mark.parametrize("tool", SHOWING)
async def test_without_a_session_a_new_one_is_opened(
    jmcp: FakeJmcp, session: str, tool: str
) -> None:
    shown = await jmcp.call(tool, notebook_path="a.ipynb")
    assert shown["session_id"] != session
    assert shown["session_id"] in shown["next"]
    missing = await jmcp.fail(tool, notebook_path="nope.ipynb")
    assert missing["code"] == "notebook_not_found"
    assert (await jmcp.call("list_notebooks"))["total"] == 2, "the failed one left no session"


@pytest.mark.parametrize("tool", SHOWING)
async def test_a_kernel_of_another_notebook_is_never_taken(
    jmcp: FakeJmcp, session: str, tool: str
) -> None:
    jmcp.documents.write("b.ipynb", "1")
    await jmcp.call("execute_code", session_id=session, code="x = 1")
    other = await jmcp.open("b.ipynb", kernel="private")
    await jmcp.call("execute_code", session_id=other, code="x = 2")
    await jmcp.call(tool, session_id=session, notebook_path="b.ipynb")
    ran = await jmcp.call("execute_code", session_id=session, code="x")
    assert ran["outputs"][0]["ename"] == "NameError"
    await jmcp.call(tool, session_id=session, notebook_path="a.ipynb")
    ran = await jmcp.call("execute_code", session_id=session, code="x")
    assert ran["outputs"][0]["text"] == "1"


async def test_a_prepared_notebook_has_a_workspace_of_its_own(jmcp: FakeJmcp) -> None:
    for path in ("a-b.ipynb", "a/b.ipynb", "a b.ipynb", "A-b.ipynb"):
        jmcp.documents.write(path, "1")
        shown = await jmcp.call("prepare_notebook", notebook_path=path)
        assert shown["workspace"] in shown["url"]
    for conversation in ("c1", "c2"):
        await jmcp.call("prepare_notebook", notebook_path="a.ipynb", conversation_id=conversation)
    assert len(jmcp.lab.saved) == 6
    rows = (await jmcp.call("list_open_notebooks"))["notebooks"]
    assert len({row["workspace"] for row in rows}) == 6
    assert all(row["current"] for row in rows)


async def test_where_no_workspace_can_be_saved_the_url_is_a_plain_one(jmcp: FakeJmcp) -> None:
    plain = "http://127.0.0.1:8888/lab/tree/a.ipynb"
    reader = await jmcp.call("prepare_notebook", READER, notebook_path="a.ipynb")
    assert (reader["url"], reader["workspace"]) == (plain, None)
    assert jmcp.lab.saved == {}
    jmcp.lab.installed = False
    shown = await jmcp.call("prepare_notebook", notebook_path="a.ipynb")
    assert (shown["url"], codes(shown)) == (plain, ["workspace_not_saved"])
    listed = await jmcp.call("list_open_notebooks")
    assert (listed["total"], len(listed["unread"])) == (0, 1)


async def test_other_tabs_are_closed_unless_that_is_not_wanted(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("sub/ü # 100%.ipynb", "1")
    path = "sub/%C3%BC%20%23%20100%25.ipynb"
    for given, url in (
        ({}, f"http://127.0.0.1:8888/lab/workspaces/jmcp/tree/{path}?reset"),
        ({"close_other_tabs": False}, f"http://127.0.0.1:8888/lab/tree/{path}"),
    ):
        shown = await jmcp.call("switch_notebook", notebook_path="sub/ü # 100%.ipynb", **given)
        assert shown["url"] == url


async def test_a_notebook_that_is_only_created_opens_no_session(
    jmcp: FakeJmcp, session: str
) -> None:
    connected = replace(ALICE, connection="stdio")
    await jmcp.call("use_notebook", connected, notebook_path="a.ipynb")
    alone = await jmcp.call(
        "create_notebook", connected, notebook_path="b.ipynb", switch_to_notebook=False
    )
    assert (alone["session_id"], alone["action"], alone["notices"]) == (None, None, [])
    assert (await jmcp.call("list_notebooks"))["total"] == 2
    within = await jmcp.call(
        "create_notebook", session_id=session, notebook_path="c.ipynb", switch_to_notebook=False
    )
    assert (within["notebook_path"], within["session_id"]) == ("c.ipynb", session)
    read = await jmcp.call("read_notebook", session_id=session)
    assert read["cell_count"] == 3, "the current notebook is still the one of before"
    shown = await jmcp.call("create_notebook", connected, notebook_path="d.ipynb")
    assert codes(shown) == ["session_opened"]


async def test_a_created_notebook_has_its_content_and_a_kernelspec(jmcp: FakeJmcp) -> None:
    made = await jmcp.call("create_notebook", notebook_path="b.ipynb", initial_content="# Plan\nü")
    text = jmcp.documents.text("b.ipynb")
    assert text is not None
    notebook = json.loads(text)
    (cell,) = notebook["cells"]
    assert (cell["cell_type"], cell["source"]) == ("markdown", "# Plan\nü")
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert notebook["nbformat_minor"] == 5
    ran = await jmcp.call(
        "insert_execute_code_cell", session_id=made["session_id"], cell_index=-1, cell_source="6"
    )
    assert ran["cell_index"] == 1
    again = await jmcp.fail("create_notebook", notebook_path="b.ipynb", initial_content="other")
    assert again["code"] == "notebook_exists"
    assert jmcp.documents.sources("b.ipynb")[0] == "# Plan\nü"
    for arguments, code in (
        ({"kernel_name": "none"}, "kernelspec_not_found"),
        ({"initial_content": "x" * 1_000_001}, "cell_too_large"),
    ):
        error = await jmcp.fail("create_notebook", notebook_path="c.ipynb", **arguments)
        assert (error["code"], jmcp.documents.text("c.ipynb")) == (code, None)


async def test_a_notebook_that_was_made_but_not_opened_is_told_as_that(jmcp: FakeJmcp) -> None:
    jmcp.faults.fail("documents.open", RuntimeError("a bug"))
    bug = await jmcp.fail("create_notebook", notebook_path="b.ipynb")
    assert bug["code"] == "internal_error"
    jmcp.documents.max_bytes = 10
    made = await jmcp.outcome("create_notebook", notebook_path="c.ipynb")
    assert made.result is not None, "it may be opened, and takes no edit"


async def test_tabs_of_people_are_listed_with_what_is_live_first(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.lab.saved["default"] = saved(
        ("RTC:z.ipynb", FACTORY), ("b.ipynb", "Editor"), ("note.txt", "Editor"), current="b.ipynb"
    )
    jmcp.lab.saved["odd"] = ["no workspace"]
    jmcp.lab.people = {"z.ipynb", "unsaved.ipynb"}
    await jmcp.call("execute_code", session_id=session, code="1")
    jmcp.kernels.kernels["kernel-1"].others = 1
    listed = await jmcp.call("list_open_notebooks")
    assert [(row["notebook_path"], row["live"]) for row in listed["notebooks"]] == [
        ("a.ipynb", True),
        ("unsaved.ipynb", True),
        ("z.ipynb", True),
        ("b.ipynb", False),
    ]
    last = listed["notebooks"][-1]
    assert (last["workspace"], last["factory"], last["current"]) == ("default", "Editor", True)
    assert listed["notebooks"][2]["factory"] is None
    assert len(listed["unread"]) == 1
    assert "odd" in listed["unread"][0]
    page = await jmcp.call("list_open_notebooks", start_index=1, limit=1)
    assert [row["notebook_path"] for row in page["notebooks"]] == ["unsaved.ipynb"]
    assert page["more"] == {"count": 2, "start_index": 2}


async def test_not_all_that_could_not_be_read_is_named(jmcp: FakeJmcp) -> None:
    jmcp.lab.saved = {f"odd-{number}": None for number in range(30)}
    listed = await jmcp.call("list_open_notebooks")
    assert len(listed["unread"]) == 6
    assert "25 more" in listed["unread"][-1]


async def test_what_people_have_open_is_no_secret_of_one_owner(jmcp: FakeJmcp) -> None:
    await jmcp.call("prepare_notebook", notebook_path="a.ipynb")
    assert (await jmcp.call("list_open_notebooks", BOB))["total"] == 1


async def test_a_prepared_notebook_that_cannot_be_shown_opens_nothing(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.documents.write("b.ipynb", "1")
    hold = jmcp.faults.hold("lab.focus")
    showing = asyncio.create_task(
        jmcp.outcome("prepare_notebook", session_id=session, notebook_path="b.ipynb")
    )
    await hold.reached.wait()
    showing.cancel()
    hold.release()
    await asyncio.wait({showing})
    assert (await jmcp.call("read_notebook", session_id=session))["cell_count"] == 3
