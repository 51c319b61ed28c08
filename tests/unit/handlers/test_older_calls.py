"""Calls as clients of the older servers send them: no session_id, and their names of arguments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from jmcp.core.calls.call import Caller
from tests.calls import ALICE, BOB
from tests.fakes.jmcp import FakeJmcp

OLD = replace(ALICE, connection="an old client")
"""A client that is a connection: a process over stdio, or one with a handshake."""
STATELESS = replace(ALICE, connection=None)


@pytest.fixture
async def old(jmcp: FakeJmcp) -> FakeJmcp:
    """With a notebook that this client has opened and run, as its own server would have had."""
    arguments = {"notebook_name": "mine", "notebook_path": "a.ipynb", "mode": "connect"}
    await jmcp.call("use_notebook", OLD, kernel_id=None, **arguments)
    await jmcp.call("execute_code", OLD, code="x = 6")
    return jmcp


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("list_files", {"path": "", "max_depth": 1, "start_index": 0, "limit": 25, "pattern": ""}),
        ("list_files", {"limit": 0}),
        ("list_kernels", {}),
        ("use_notebook", {"notebook_name": "mine", "path": "a.ipynb", "kernel_id": None}),
        ("list_notebooks", {}),
        ("list_notebooks", {"directory_path": "", "max_depth": 3}),
        ("restart_notebook", {"notebook_name": "mine"}),
        ("unuse_notebook", {"notebook_name": "mine"}),
        (
            "read_notebook",
            {"notebook_name": "mine", "response_format": "brief", "start_index": 0, "limit": 20},
        ),
        ("read_notebook", {"notebook_name": "mine", "response_format": "detailed", "limit": 0}),
        ("insert_cell", {"cell_index": -1, "cell_type": "code", "cell_source": "1"}),
        ("insert_cell", {"index": 0, "cell_type": "markdown", "source": "text"}),
        ("overwrite_cell_source", {"cell_index": 0, "cell_source": "1"}),
        (
            "execute_cell",
            {"cell_index": 0, "timeout": 90, "stream": False, "progress_interval": 5},
        ),
        ("execute_cell", {"cell_index": 0, "timeout_seconds": 300, "full_output": True}),
        ("insert_execute_code_cell", {"cell_index": 0, "cell_source": "1", "timeout": 90}),
        ("insert_execute_code_cell", {"cell_index": 0, "cell_source": "1", "full_output": False}),
        ("read_cell", {"cell_index": 0, "include_outputs": True}),
        ("read_cell", {"index": 0, "full_output": True}),
        ("delete_cell", {"cell_indices": [0, 2], "include_source": True}),
        ("delete_cell", {"cell_index": 1}),
        ("execute_code", {"code": "1", "timeout": 30}),
        ("append_markdown_cell", {"cell_source": "text"}),
        ("insert_markdown_cell", {"cell_index": 0, "cell_source": "text"}),
        ("append_code_cell", {"cell_source": "1"}),
        ("append_execute_code_cell", {"cell_source": "1", "full_output": False}),
        (
            "execute_cell_with_progress",
            {"cell_index": 0, "timeout_seconds": 300, "full_output": False},
        ),
        ("execute_with_progress", {"cell_index": 0, "timeout_seconds": 60.0}),
        ("execute_cell_simple_timeout", {"cell_index": 0, "timeout_seconds": 300}),
        ("execute_cell_simple_timeout", {"index": 0, "timeout": 30, "full_output": None}),
        (
            "execute_cell_streaming",
            {"cell_index": 0, "timeout_seconds": 300, "progress_interval": 5},
        ),
        ("read_all_cells", {"full_output": True}),
        ("read_all_cells", {}),
        ("get_notebook_info", {}),
        ("create_notebook", {"notebook_path": "new.ipynb", "initial_content": "# New"}),
        ("create_notebook", {"notebook_path": "new.ipynb", "switch_to_notebook": False}),
        ("switch_notebook", {"notebook_path": "a.ipynb", "close_other_tabs": True}),
        ("prepare_notebook", {"notebook_path": "a.ipynb"}),
        ("prepare_notebook", {"notebook_path": "a.ipynb", "conversation_id": "analysis-1"}),
        ("list_open_notebooks", {}),
        ("debug_connection_status", {}),
    ],
)
async def test_it_is_answered(old: FakeJmcp, tool: str, arguments: dict[str, Any]) -> None:
    await old.call(tool, OLD, **arguments)


async def test_a_client_without_a_connection_names_its_notebook_or_session(old: FakeJmcp) -> None:
    append = {"cell_source": "1"}
    refusal = await old.fail("append_code_cell", STATELESS, **append)
    assert refusal["code"] == "session_required"
    session = refusal["details"]["sessions"][0]["session_id"]
    await old.call("append_code_cell", STATELESS, session_id=session, **append)
    await old.call("append_code_cell", STATELESS, notebook_path="a.ipynb", **append)
    # What only reads goes to the only session there is.
    assert (await old.call("get_notebook_info", STATELESS))["total_cells"] == 5


@pytest.mark.parametrize("caller", [replace(BOB, connection="another"), BOB])
async def test_nobody_reaches_another_clients_notebook(old: FakeJmcp, caller: Caller) -> None:
    for tool, arguments in (
        ("get_notebook_info", {}),
        ("read_all_cells", {}),
        ("append_code_cell", {"cell_source": "1"}),
        ("append_execute_code_cell", {"cell_source": "1"}),
        ("execute_cell_with_progress", {"cell_index": 0}),
    ):
        refusal = await old.fail(tool, caller, **arguments)
        assert (refusal["code"], refusal["details"]["sessions"]) == ("session_required", [])
    assert (await old.call("get_notebook_info", OLD))["total_cells"] == 3


async def test_a_second_session_of_the_connection_is_never_guessed(old: FakeJmcp) -> None:
    old.documents.write("b.ipynb", "1")
    session = (await old.call("get_notebook_info", OLD))["session_id"]
    await old.call("use_notebook", OLD, notebook_path="b.ipynb", session_id=session)
    assert (await old.call("get_notebook_info", OLD))["room_id"] == "b.ipynb"
    opened = await old.call("use_notebook", OLD, notebook_path="a.ipynb")
    assert [notice["code"] for notice in opened["notices"]] == ["session_opened"]
    refusal = await old.fail("append_code_cell", OLD, cell_source="1")
    assert refusal["code"] == "session_required"
    assert len(refusal["details"]["sessions"]) == 2


@pytest.mark.parametrize(
    ("arguments", "scope", "paths"),
    [
        ({}, "session", ["a.ipynb"]),
        ({"directory_path": ""}, "workspace", ["a.ipynb", "one/c.ipynb", "one/two/d.ipynb"]),
        ({"directory_path": "one"}, "workspace", ["one/c.ipynb", "one/two/d.ipynb"]),
        ({"directory_path": "one", "max_depth": 0}, "workspace", ["one/c.ipynb"]),
        ({"max_depth": 1}, "workspace", ["a.ipynb", "one/c.ipynb"]),
        ({"scope": "session", "path": "one"}, "session", []),
        ({"scope": "open", "path": ""}, "open", ["a.ipynb"]),
        ({"scope": "open", "path": "one"}, "open", []),
    ],
)
async def test_list_notebooks_scans_a_folder_as_older_servers_do(
    arguments: dict[str, Any], scope: str, paths: list[str], old: FakeJmcp
) -> None:
    for folder in ("one", "one/two"):
        old.documents.make_directory(folder)
    old.documents.write("one/c.ipynb", "c = 1")
    old.documents.write("one/two/d.ipynb", "d = 1")
    listed = await old.call("list_notebooks", OLD, **arguments)
    assert listed["scope"] == scope
    shown = {row["notebook_path"] for row in listed["notebooks"]}
    assert shown & {"a.ipynb", "one/c.ipynb", "one/two/d.ipynb"} == set(paths)


async def test_list_notebooks_of_a_folder_that_is_missing_or_outside(old: FakeJmcp) -> None:
    assert (await old.fail("list_notebooks", OLD, directory_path="no"))[
        "code"
    ] == "directory_not_found"
    assert (await old.fail("list_notebooks", OLD, directory_path="../x"))["code"] == "path_refused"
