"""Which session a call without an id means: the first rule that hits, and never a guess."""

from __future__ import annotations

import asyncio

import pytest

from jmcp.core.calls.call import Caller
from tests.calls import ALICE, BOB
from tests.scenarios.sessions.conftest import SessionServer

CONNECTED = Caller(owner="alice", authenticated=True, connection="stdio:1")


async def test_the_argument_wins_over_the_connection(server: SessionServer) -> None:
    first = await server.open("a.ipynb")
    await server.open("b.ipynb", CONNECTED)
    read = await server.call("read_notebook", CONNECTED, session_id=first)
    assert read["notebook_path"] == "a.ipynb"


async def test_the_connections_only_session_is_meant(server: SessionServer) -> None:
    await server.open("a.ipynb")
    mine = await server.open("b.ipynb", CONNECTED)
    inserted = await server.call(
        "insert_cell", CONNECTED, cell_index=0, cell_type="code", cell_source="x"
    )
    assert (inserted["session_id"], inserted["notebook_path"]) == (mine, "b.ipynb")


async def test_two_sessions_of_one_connection_are_never_guessed(server: SessionServer) -> None:
    await server.open("a.ipynb", CONNECTED)
    second = await server.call("use_notebook", CONNECTED, notebook_path="b.ipynb")
    assert [notice["code"] for notice in second["notices"]] == ["session_opened"]
    for tool in ("read_notebook", "interrupt_kernel"):
        error = await server.fail(tool, CONNECTED)
        assert error["code"] == "session_required"
        assert len(error["details"]["sessions"]) == 2


async def test_a_path_tells_two_sessions_of_one_connection_apart(server: SessionServer) -> None:
    first = await server.open("a.ipynb", CONNECTED)
    await server.open("b.ipynb", CONNECTED)
    changed = await server.call(
        "overwrite_cell_source",
        CONNECTED,
        notebook_path="a.ipynb",
        cell_index=0,
        cell_source="y",
    )
    assert changed["session_id"] == first


async def test_the_notebook_path_of_exactly_one_session_is_enough(server: SessionServer) -> None:
    first = await server.open("a.ipynb")
    await server.open("b.ipynb")
    changed = await server.call(
        "overwrite_cell_source", notebook_path="a.ipynb", cell_index=0, cell_source="y"
    )
    assert changed["session_id"] == first
    await server.open("a.ipynb")
    error = await server.fail(
        "overwrite_cell_source", notebook_path="a.ipynb", cell_index=0, cell_source="z"
    )
    assert error["code"] == "session_required"


async def test_reading_finds_the_owners_only_session_and_writing_does_not(
    server: SessionServer,
) -> None:
    session_id = await server.open("a.ipynb")
    assert (await server.call("read_notebook"))["session_id"] == session_id
    error = await server.fail("delete_cell", cell_indices=[0])
    assert error["code"] == "session_required"
    assert session_id in error["message"]


async def test_without_any_session_the_error_names_use_notebook(server: SessionServer) -> None:
    error = await server.fail("read_notebook")
    assert error["code"] == "session_required"
    assert "use_notebook" in error["message"]


async def test_a_foreign_id_is_unknown_and_tells_nothing(server: SessionServer) -> None:
    session_id = await server.open("a.ipynb", ALICE)
    error = await server.fail("read_notebook", BOB, session_id=session_id)
    assert error["code"] == "session_not_found"
    assert session_id not in str(error)
    assert error["details"]["sessions"] == []


async def test_an_id_is_a_name_of_its_owner(server: SessionServer) -> None:
    await server.open("a.ipynb", ALICE, session_id="analysis-1")
    await server.open("b.ipynb", BOB, session_id="analysis-1")
    assert (await server.call("read_notebook", ALICE, session_id="analysis-1"))[
        "notebook_path"
    ] == "a.ipynb"
    assert (await server.call("read_notebook", BOB, session_id="analysis-1"))[
        "notebook_path"
    ] == "b.ipynb"


@pytest.mark.parametrize(
    "session_id", ["short", "white space", "default-" + "x" * 130, "ünicode-id"]
)
async def test_an_own_id_must_fit_where_a_session_is_made(
    server: SessionServer, session_id: str
) -> None:
    error = await server.fail("use_notebook", notebook_path="a.ipynb", session_id=session_id)
    assert error["code"] == "invalid_arguments"


async def test_a_failed_open_leaves_no_session(server: SessionServer) -> None:
    error = await server.fail("use_notebook", notebook_path="missing.ipynb")
    assert error["code"] == "notebook_not_found"
    assert (await server.call("list_notebooks"))["total"] == 0


async def test_a_notebook_that_the_session_does_not_hold_is_named(server: SessionServer) -> None:
    session_id = await server.open("a.ipynb")
    error = await server.fail("read_notebook", session_id=session_id, notebook_path="b.ipynb")
    assert error["code"] == "notebook_not_open"
    assert "use_notebook" in error["message"]
    assert "a.ipynb" in error["message"]


async def test_one_session_holds_several_notebooks_by_path_and_name(server: SessionServer) -> None:
    session_id = await server.open("a.ipynb", notebook_name="first")
    switched = await server.call("use_notebook", notebook_path="b.ipynb", session_id=session_id)
    assert switched["session_id"] == session_id
    for name in ("a.ipynb", "first", "./a.ipynb"):
        read = await server.call("read_notebook", session_id=session_id, notebook_path=name)
        assert read["notebook_path"] == "a.ipynb"
    # notebook_name is what other servers call it.
    read = await server.call("read_notebook", session_id=session_id, notebook_name="first")
    assert read["notebook_path"] == "a.ipynb"
    current = await server.call("read_notebook", session_id=session_id)
    assert current["notebook_path"] == "b.ipynb"


async def test_concurrent_opens_lose_no_notebook(server: SessionServer) -> None:
    names = [f"n{index}.ipynb" for index in range(6)]
    server.write(*names)
    session_id = await server.open("a.ipynb")
    await asyncio.gather(
        *(server.call("use_notebook", notebook_path=name, session_id=session_id) for name in names)
    )
    listed = await server.call("list_notebooks", session_id=session_id)
    assert {row["notebook_path"] for row in listed["notebooks"]} == {"a.ipynb", *names}


async def test_a_call_that_ends_late_does_not_bring_a_released_notebook_back(
    server: SessionServer,
) -> None:
    session_id = await server.open("a.ipynb")
    await server.open("b.ipynb", session_id=session_id)
    code = server.until_go
    late = asyncio.create_task(
        server.call("execute_code", session_id=session_id, notebook_path="b.ipynb", code=code)
    )
    async with asyncio.timeout(60):
        # No event tells that a run was submitted.
        while not server.dispatcher.runs.index.list(session_id=session_id):  # noqa: ASYNC110
            await asyncio.sleep(0)
    await server.call("unuse_notebook", session_id=session_id, kernel="keep")
    server.go()
    assert (await late)["status"] == "ok"
    listed = await server.call("list_notebooks", session_id=session_id)
    assert [row["notebook_path"] for row in listed["notebooks"]] == ["a.ipynb"]


async def test_the_last_release_ends_the_session(server: SessionServer) -> None:
    session_id = await server.open("a.ipynb")
    await server.open("b.ipynb", session_id=session_id)
    first = await server.call("unuse_notebook", session_id=session_id)
    assert (first["released"], first["current_notebook"]) == ("b.ipynb", "a.ipynb")
    last = await server.call("unuse_notebook", session_id=session_id)
    assert last["session_ended"] is True
    assert (await server.fail("read_notebook", session_id=session_id))[
        "code"
    ] == "session_not_found"


async def test_a_session_expires_and_is_never_revived(server: SessionServer) -> None:
    session_id = await server.open("a.ipynb")
    server.clock.now += 23 * 3600
    await server.call("read_notebook", session_id=session_id)
    server.clock.now += 23 * 3600
    await server.call("read_notebook", session_id=session_id)
    server.clock.now += 24 * 3600 + 1
    error = await server.fail("read_notebook", session_id=session_id)
    assert error["code"] == "session_not_found"
    reopened = await server.call("use_notebook", notebook_path="b.ipynb", session_id=session_id)
    assert (reopened["session_id"], reopened["action"]) == (session_id, "opened")


async def test_a_minted_id_fits_who_asks(server: SessionServer) -> None:
    assert len(await server.open("a.ipynb")) == 8
    stranger = Caller(owner="anonymous", authenticated=False)
    assert len(await server.open("a.ipynb", stranger)) == 36


async def test_a_renamed_notebook_stays_in_its_session(server: SessionServer) -> None:
    session_id = await server.open("a.ipynb")
    await server.rename("a.ipynb", "renamed.ipynb")
    read = await server.call("read_notebook", session_id=session_id)
    assert read["notebook_path"] == "renamed.ipynb"
    assert [notice["code"] for notice in read["notices"]] == ["notebook_moved"]
    again = await server.call("read_notebook", session_id=session_id)
    assert again["notices"] == []
