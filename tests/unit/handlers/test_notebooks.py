"""Opening, listing, reading and releasing notebooks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jmcp.core.calls.call import Caller
from jmcp.core.calls.principal import Scope, implied
from tests.calls import ALICE, BOB
from tests.fakes.jmcp import FakeJmcp
from tests.fakes.kernels import R


def limited(scope: Scope) -> Caller:
    return Caller(owner="alice", authenticated=True, scopes=implied((scope,)))


def codes(result: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in result["notices"]]


async def test_opening_shows_the_first_cells_and_what_to_do_next(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("long.ipynb", *map(str, range(30)))
    opened = await jmcp.call("use_notebook", notebook_path="long.ipynb")
    assert (opened["action"], opened["notebook_name"]) == ("opened", "long")
    assert (opened["cell_count"], len(opened["cells"])) == (30, 20)
    assert opened["session_id"] in opened["next"]
    assert (opened.get("kernel"), opened["kernel_name"]) == (None, "python3")


async def test_opened_switched_and_reused(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.write("b.ipynb", "1")
    for path, action in (("b.ipynb", "opened"), ("a.ipynb", "switched"), ("a.ipynb", "reused")):
        again = await jmcp.call("use_notebook", session_id=session, notebook_path=path)
        assert again["action"] == action


async def test_a_name_and_options_are_kept_until_others_are_asked_for(
    jmcp: FakeJmcp, session: str
) -> None:
    named = await jmcp.call(
        "use_notebook", session_id=session, notebook_path="a.ipynb", notebook_name="mine"
    )
    again = await jmcp.call("use_notebook", session_id=session, notebook_path="a.ipynb")
    assert (named["notebook_name"], again["notebook_name"]) == ("mine", "mine")
    read = await jmcp.call("read_notebook", session_id=session, notebook_path="mine")
    assert read["notebook_path"] == "a.ipynb"


async def test_a_new_notebook_names_the_kernelspec_it_was_made_for(jmcp: FakeJmcp) -> None:
    jmcp.kernels._specs["ir"] = R
    made = await jmcp.call(
        "use_notebook", notebook_path="new.ipynb", mode="create", kernel_name="ir"
    )
    assert (made["action"], made["kernel_name"], made["cell_count"]) == ("created", "ir", 1)
    plain = await jmcp.call("use_notebook", notebook_path="plain.ipynb", mode="create")
    assert plain["kernel_name"] == "python3"


async def test_what_cannot_be_leaves_no_file_and_no_session(jmcp: FakeJmcp) -> None:
    for arguments, code in (
        ({"kernel_name": "none"}, "kernelspec_not_found"),
        ({"kernel_id": "none"}, "kernel_not_found"),
        ({"kernel_id": "none", "kernel": "private"}, "kernel_taken"),
    ):
        error = await jmcp.fail(
            "use_notebook", notebook_path="new.ipynb", mode="create", **arguments
        )
        assert error["code"] == code, error
        assert jmcp.documents.text("new.ipynb") is None
    assert (await jmcp.call("list_notebooks"))["total"] == 0


@pytest.mark.parametrize(
    ("arguments", "scope"),
    [
        ({"mode": "create", "notebook_path": "new.ipynb"}, "read"),
        ({"kernel": "private"}, "write"),
        ({"kernel_id": "kernel-1"}, "write"),
    ],
)
async def test_opening_that_takes_more_than_reading(
    jmcp: FakeJmcp, arguments: dict[str, str], scope: Scope
) -> None:
    error = await jmcp.fail(
        "use_notebook", limited(scope), **({"notebook_path": "a.ipynb"} | arguments)
    )
    assert error["code"] == "not_permitted"
    assert jmcp.documents.text("new.ipynb") is None


async def test_a_running_kernel_is_shown_and_taken_by_its_id(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("execute_code", session_id=session, code="x = 1")
    (kernel_id,) = jmcp.kernels.kernels
    shown = await jmcp.call("use_notebook", session_id=session, notebook_path="a.ipynb")
    assert shown["kernel"] == {
        "kernel_id": kernel_id,
        "kernel_name": "python3",
        "state": "idle",
    }
    jmcp.documents.write("b.ipynb", "1")
    taken = await jmcp.fail("use_notebook", notebook_path="b.ipynb", kernel_id=kernel_id)
    assert taken["code"] == "kernel_taken"
    same = await jmcp.call("use_notebook", notebook_path="a.ipynb", kernel_id=kernel_id)
    ran = await jmcp.call("execute_code", session_id=same["session_id"], code="x")
    assert ran["outputs"][0]["text"] == "1"


async def test_a_private_kernel_is_ones_own_until_it_is_given_up(jmcp: FakeJmcp) -> None:
    mine = await jmcp.open("a.ipynb", kernel="private")
    await jmcp.call("execute_code", session_id=mine, code="x = 1")
    (private,) = jmcp.kernels.kernels
    other = await jmcp.open("a.ipynb")
    ran = await jmcp.call("execute_code", session_id=other, code="x")
    assert ran["status"] == "error"
    for session, caller in ((other, ALICE), (None, BOB)):
        given = {"session_id": session} if session else {}
        error = await jmcp.fail(
            "use_notebook", caller, notebook_path="a.ipynb", kernel_id=private, **given
        )
        assert error["code"] == "kernel_taken"
    same = await jmcp.call(
        "use_notebook", session_id=mine, notebook_path="a.ipynb", kernel_id=private
    )
    assert same["kernel"]["kernel_id"] == private
    jmcp.documents.write("b.ipynb", "1")
    error = await jmcp.fail(
        "use_notebook", session_id=mine, notebook_path="b.ipynb", kernel_id=private
    )
    assert "private to another notebook" in error["message"]
    back = await jmcp.call(
        "use_notebook", session_id=mine, notebook_path="a.ipynb", kernel="shared"
    )
    assert "private_kernel_stopped" in codes(back)
    assert private not in jmcp.kernels.kernels


async def test_going_back_without_a_private_kernel_running_loses_nothing(jmcp: FakeJmcp) -> None:
    mine = await jmcp.open("a.ipynb", kernel="private")
    back = await jmcp.call(
        "use_notebook", session_id=mine, notebook_path="a.ipynb", kernel="shared"
    )
    assert codes(back) == []


async def test_releasing_stops_the_kernel_that_the_session_started_alone(jmcp: FakeJmcp) -> None:
    for policy, others, fate, left in (
        ("auto", 0, "stopped", 0),
        ("auto", 1, "kept", 1),
        ("keep", 0, "kept", 1),
        ("stop", 1, "stopped", 0),
    ):
        session = await jmcp.open("a.ipynb")
        await jmcp.call("execute_code", session_id=session, code="1")
        (kernel,) = jmcp.kernels.kernels.values()
        kernel.others = others
        released = await jmcp.call("unuse_notebook", session_id=session, kernel=policy)
        assert (released["kernel"], released["session_ended"]) == (fate, True)
        assert len(jmcp.kernels.kernels) == left
        jmcp.kernels.kernels.clear()


async def test_releasing_keeps_a_kernel_that_another_session_uses(
    jmcp: FakeJmcp, session: str
) -> None:
    await jmcp.call("execute_code", session_id=session, code="1")
    other = await jmcp.open("a.ipynb")
    released = await jmcp.call("unuse_notebook", session_id=session)
    assert released["kernel"] == "kept"
    # The other one did not start it.
    assert (await jmcp.call("unuse_notebook", session_id=other))["kernel"] == "kept"


async def test_releasing_without_a_kernel_and_of_a_deleted_notebook(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.documents.write("b.ipynb", "1")
    await jmcp.call("use_notebook", session_id=session, notebook_path="b.ipynb")
    jmcp.documents.delete("a.ipynb")
    released = await jmcp.call("unuse_notebook", session_id=session, notebook_path="a.ipynb")
    assert (released["kernel"], released["current_notebook"]) == ("none", "b.ipynb")
    assert not released["session_ended"]


async def test_who_may_not_run_code_stops_no_kernel(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("execute_code", session_id=session, code="1")
    error = await jmcp.fail("unuse_notebook", limited("read"), session_id=session, kernel="stop")
    assert error["code"] == "not_permitted"
    released = await jmcp.call("unuse_notebook", limited("read"), session_id=session)
    assert released["kernel"] == "kept"


async def test_notebooks_are_listed_by_session_by_kernel_and_in_folders(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.documents.write("sub/b.ipynb", "1")
    jmcp.documents.put_text("sub/note.txt", "no notebook")
    await jmcp.call("execute_code", session_id=session, code="1")
    private = await jmcp.open("sub/b.ipynb", kernel="private")
    await jmcp.call("execute_code", session_id=private, code="1")
    rows = (await jmcp.call("list_notebooks"))["notebooks"]
    kernels = {row["notebook_path"]: row["kernel_id"] for row in rows}
    assert kernels == {"a.ipynb": "kernel-1", "sub/b.ipynb": "kernel-2"}
    assert [row["current"] for row in rows] == [True, True]
    running = (await jmcp.call("list_notebooks", scope="open"))["notebooks"]
    assert [row["notebook_path"] for row in running] == ["a.ipynb"], "a private one is nobody's"
    every = await jmcp.call("list_notebooks", scope="workspace")
    assert [row["notebook_path"] for row in every["notebooks"]] == ["a.ipynb", "sub/b.ipynb"]
    assert every["notebooks"][1]["size"] > 0
    page = await jmcp.call("list_notebooks", scope="workspace", start_index=1, limit=1)
    assert (page["total"], [row["notebook_path"] for row in page["notebooks"]]) == (
        2,
        ["sub/b.ipynb"],
    )
    assert (await jmcp.call("list_notebooks", BOB))["total"] == 0


async def test_reading_is_brief_or_whole(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("b.ipynb", "one\ntwo", "x" * 200)
    session = await jmcp.open("b.ipynb")
    brief = (await jmcp.call("read_notebook", session_id=session))["cells"]
    assert [cell["line_count"] for cell in brief] == [2, 1]
    assert brief[1]["first_line"].endswith("…")
    assert brief[0]["source"] is None
    whole = await jmcp.call("read_notebook", session_id=session, response_format="detailed")
    assert whole["cells"][0]["source"] == "one\ntwo"
    page = await jmcp.call("read_notebook", session_id=session, start_index=1)
    assert [cell["cell_index"] for cell in page["cells"]] == [1]


async def test_a_kernel_that_goes_while_it_is_looked_for_is_none(
    jmcp: FakeJmcp, session: str
) -> None:
    await jmcp.call("execute_code", session_id=session, code="1")
    hold = jmcp.faults.hold("kernels.list")

    opening = asyncio.create_task(
        jmcp.call("use_notebook", session_id=session, notebook_path="a.ipynb")
    )
    await hold.reached.wait()
    jmcp.kernels.kernels.clear()
    hold.release()
    assert (await opening).get("kernel") is None
