"""Running cells and code, and what is told of runs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jmcp.core.errors import WriteRefused
from jmcp.core.ports import NextInput, NotebookRef, Reply
from tests.calls import ALICE, BOB
from tests.fakes.jmcp import FakeJmcp

SLEEP = "print('begun')\ntime.sleep(60)\nprint('slept')"


def codes(result: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in result["notices"]]


async def begun(jmcp: FakeJmcp, session: str, code: str = SLEEP) -> str:
    """The id of a run that goes on."""
    run = await jmcp.call("execute_code", session_id=session, code=code, wait=0)
    await jmcp.kernels.sleeping.reached.wait()
    return str(run["execution_id"])


async def test_only_code_cells_run(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call(
        "insert_cell", session_id=session, cell_index=0, cell_type="markdown", cell_source="# x"
    )
    error = await jmcp.fail("execute_cell", session_id=session, cell_index=0)
    assert (error["code"], error["details"]["cell_type"]) == ("cell_not_code", "markdown")
    assert jmcp.kernels.started == 0, "no kernel for what cannot run"


async def test_who_runs_a_cell_that_others_changed_is_told(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("read_cell", session_id=session, cell_id="c1")
    jmcp.documents.type_over("a.ipynb", "c1", "print('changed')")
    ran = await jmcp.call("execute_cell", session_id=session, cell_id="c1")
    assert ran["outputs"][0]["text"] == "changed\n"
    told = [n["message"] for n in ran["notices"] if n["code"] == "source_changed"]
    assert told
    assert "others have changed" in told[0]
    await jmcp.call("read_cell", session_id=session, cell_id="c1")
    again = await jmcp.call("execute_cell", session_id=session, cell_id="c1")
    assert "source_changed" not in codes(again)


NEXT = Reply(status="ok", execution_count=1, next_input=NextInput(text="y = 2", replace=False))


async def test_a_cell_that_code_asks_for_is_told(jmcp: FakeJmcp, session: str) -> None:
    jmcp.kernels.script("x = 6", reply=NEXT)
    ran = await jmcp.call("execute_cell", session_id=session, cell_id="c0")
    added = await jmcp.call("read_cell", session_id=session, cell_index=1)
    (told,) = [n for n in ran["notices"] if n["code"] == "cell_added_by_run"]
    assert told["details"] == {"cell": added["cell_id"], "index": 1}
    assert added["source"] == "y = 2"


@pytest.mark.parametrize(
    ("error", "code"),
    [(WriteRefused("no"), "next_input_not_put"), (ValueError("a bug"), "outputs_uncertain")],
)
async def test_text_that_a_notebook_does_not_take_is_in_the_outputs(
    jmcp: FakeJmcp, session: str, error: Exception, code: str
) -> None:
    jmcp.kernels.script("x = 6", reply=NEXT)
    jmcp.faults.fail("document.edit", error)
    ran = await jmcp.call("execute_cell", session_id=session, cell_id="c0")
    assert (ran["status"], ran["execution_count"]) == ("ok", 1)
    assert [output["text"] for output in ran["outputs"]] == ["y = 2"]
    assert code in codes(ran)
    assert (await jmcp.call("read_notebook", session_id=session))["cell_count"] == 3


async def test_a_run_that_jmcp_stops_at_its_next_input_has_ended(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.kernels.script("x = 6", reply=NEXT)
    jmcp.faults.cancel("document.edit")
    ran = await jmcp.call("execute_cell", session_id=session, cell_id="c0")
    assert ran["status"] == "ok"


async def test_no_kernel_no_cell(jmcp: FakeJmcp, session: str) -> None:
    jmcp.kernels.broken_specs.add("python3")
    error = await jmcp.fail(
        "insert_execute_code_cell", session_id=session, cell_index=-1, cell_source="1"
    )
    assert error["code"] == "kernel_unavailable"
    assert (await jmcp.call("read_notebook", session_id=session))["cell_count"] == 3


async def test_a_cell_that_moves_while_it_runs_is_found_where_it_is(
    jmcp: FakeJmcp, session: str
) -> None:
    ran = await jmcp.call(
        "insert_execute_code_cell", session_id=session, cell_index=0, cell_source=SLEEP, wait=0
    )
    await jmcp.kernels.sleeping.reached.wait()
    await jmcp.call("move_cell", session_id=session, cell_id=ran["cell_id"], target_index=3)
    jmcp.kernels.sleeping.release()
    ended = await jmcp.call("get_execution", session_id=session, execution_id=ran["execution_id"])
    assert (ended["status"], ended["cell_index"]) == ("ok", 3)
    read = await jmcp.call("read_cell", session_id=session, cell_index=3)
    assert read["outputs"][0]["text"] == "begun\nslept\n"


async def test_a_run_whose_cell_was_deleted_keeps_its_outputs(jmcp: FakeJmcp, session: str) -> None:
    ran = await jmcp.call(
        "insert_execute_code_cell", session_id=session, cell_index=0, cell_source=SLEEP, wait=0
    )
    await jmcp.kernels.sleeping.reached.wait()
    await jmcp.call("delete_cell", session_id=session, cell_ids=[ran["cell_id"]], force=True)
    jmcp.kernels.sleeping.release()
    ended = await jmcp.call("get_execution", session_id=session, execution_id=ran["execution_id"])
    assert (ended["status"], ended["cell_index"]) == ("ok", None)
    assert ended["outputs"][0]["text"] == "begun\nslept\n"
    assert "run_cell_deleted" in codes(ended)


async def test_a_run_of_a_notebook_that_was_deleted_ends_all_the_same(
    jmcp: FakeJmcp, session: str
) -> None:
    execution_id = await begun(jmcp, session)
    jmcp.documents.delete("a.ipynb")
    jmcp.kernels.sleeping.release()
    ended = await jmcp.call("get_execution", session_id=session, execution_id=execution_id)
    assert ended["status"] == "ok"


async def test_a_run_of_a_notebook_that_was_released_can_be_asked_for(
    jmcp: FakeJmcp, session: str
) -> None:
    execution_id = await begun(jmcp, session)
    jmcp.documents.write("b.ipynb", "1")
    await jmcp.call("use_notebook", session_id=session, notebook_path="b.ipynb")
    released = await jmcp.call(
        "unuse_notebook", session_id=session, notebook_path="a.ipynb", kernel="keep"
    )
    assert released["kernel"] == "kept"
    jmcp.kernels.sleeping.release()
    ended = await jmcp.call("get_execution", session_id=session, execution_id=execution_id)
    assert ended["status"] == "ok"
    (row,) = (await jmcp.call("list_executions", session_id=session))["executions"]
    assert row["notebook_path"] is None


async def test_a_lost_kernel_ends_the_run_and_the_next_one_says_it_once(
    jmcp: FakeJmcp, session: str
) -> None:
    execution_id = await begun(jmcp, session)
    kernel_id = next(iter(jmcp.kernels.kernels))
    jmcp.kernels.kill(kernel_id)
    ended = await jmcp.call("get_execution", session_id=session, execution_id=execution_id)
    assert (ended["status"], ended["complete"]) == ("kernel_died", True)
    assert ended["outputs"][0]["text"] == "begun\n"
    assert "kernel_restarted" in codes(ended)
    after = await jmcp.call("execute_code", session_id=session, code="1")
    assert (after["status"], codes(after)) == ("ok", [])


@pytest.mark.parametrize(
    ("reply", "status", "complete"),
    [
        (Reply(status="ok", execution_count=1, incomplete="output_limit"), "ok", False),
        (Reply(status="ok", execution_count=1, incomplete="lost_contact"), "lost_contact", False),
        (Reply(status="lost", lost="lost_contact"), "lost_contact", False),
        (Reply(status="aborted"), "aborted", True),
    ],
)
async def test_what_is_missing_of_a_run_is_told(
    jmcp: FakeJmcp, session: str, reply: Reply, status: str, complete: bool
) -> None:
    jmcp.kernels.script("odd", reply=reply)
    ran = await jmcp.call("execute_code", session_id=session, code="odd")
    assert (ran["status"], ran["complete"]) == (status, complete)


async def test_an_exception_that_was_only_printed_has_its_name(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.kernels.script(
        "group",
        ("stream", {"name": "stderr", "text": "  + Exception Group Traceback"}),
        reply=Reply(status="error", execution_count=1, ename="ExceptionGroup", evalue="two"),
    )
    ran = await jmcp.call("execute_code", session_id=session, code="group")
    assert [output["output_type"] for output in ran["outputs"]] == ["stream", "error"]
    assert (ran["outputs"][1]["ename"], ran["outputs"][1]["evalue"]) == ("ExceptionGroup", "two")


async def test_foreign_executions_are_unknown(jmcp: FakeJmcp, session: str) -> None:
    run = await jmcp.call("execute_code", session_id=session, code="1")
    other, foreign = await jmcp.open("a.ipynb"), await jmcp.open("a.ipynb", BOB)
    for caller, its in ((None, other), (BOB, foreign)):
        arguments = {"session_id": its, "execution_id": run["execution_id"]}
        given = (caller,) if caller else ()
        assert (await jmcp.fail("get_execution", *given, **arguments))["code"] == (
            "execution_not_found"
        )


async def test_executions_of_one_notebook_are_listed_alone(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("execute_code", session_id=session, code="'in a'")
    jmcp.documents.write("b.ipynb", "1", "2")
    await jmcp.call("use_notebook", session_id=session, notebook_path="b.ipynb")
    await jmcp.call("run_cells", session_id=session)
    listed = await jmcp.call("list_executions", session_id=session, notebook_path="b.ipynb")
    assert [row["code"] for row in listed["executions"]][-1] == "run_cells: 2 of 2 cells"
    assert {row["notebook_path"] for row in listed["executions"]} == {"b.ipynb"}
    listed = await jmcp.call("list_executions", session_id=session, notebook_path="a.ipynb")
    assert [row["code"] for row in listed["executions"]] == ["'in a'"]


# -- run_cells -------------------------------------------------------------------------------------


async def test_a_batch_runs_code_cells_and_sums_them_up(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call(
        "insert_cell", session_id=session, cell_index=1, cell_type="markdown", cell_source="# t"
    )
    result = await jmcp.call("run_cells", session_id=session)
    batch = result["batch"]
    assert (result["status"], batch["done"], batch["total"]) == ("ok", 3, 3)
    assert [cell["cell_index"] for cell in batch["cells"]] == [0, 2, 3]
    assert [cell.get("output") for cell in batch["cells"]] == [None, "6", "42"]
    assert (
        await jmcp.call("get_execution", session_id=session, execution_id=result["execution_id"])
    )["batch"] == batch


@pytest.mark.parametrize(("stop", "last"), [(True, "not_run"), (False, "ok")])
async def test_an_error_in_a_batch(jmcp: FakeJmcp, session: str, stop: bool, last: str) -> None:
    await jmcp.call("overwrite_cell_source", session_id=session, cell_index=1, cell_source="1 / 0")
    result = await jmcp.call("run_cells", session_id=session, stop_on_error=stop)
    cells = result["batch"]["cells"]
    assert [cell["status"] for cell in cells] == ["ok", "error", last]
    assert cells[1]["error"] == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"start_index": 1, "start_cell_id": "c2"}, "invalid_arguments"),
        ({"start_index": 2, "end_index": 1}, "invalid_arguments"),
        ({"end_index": 3}, "cell_not_found"),
        ({"start_cell_id": "gone"}, "cell_not_found"),
    ],
)
async def test_ranges_that_are_none(
    jmcp: FakeJmcp, session: str, arguments: dict[str, object], code: str
) -> None:
    assert (await jmcp.fail("run_cells", session_id=session, **arguments))["code"] == code
    assert jmcp.kernels.started == 0


async def test_a_batch_over_what_others_changed_says_so(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("read_notebook", session_id=session, response_format="detailed")
    jmcp.documents.type_over("a.ipynb", "c1", "print('changed')")
    result = await jmcp.call("run_cells", session_id=session)
    told = [n["message"] for n in result["notices"] if n["code"] == "source_changed"]
    assert len(told) == 1
    assert "What runs is not what this session read" in told[0]


async def test_a_batch_shows_how_far_it_is_and_where_its_cells_are_by_now(
    jmcp: FakeJmcp, session: str
) -> None:
    await jmcp.call("overwrite_cell_source", session_id=session, cell_index=1, cell_source=SLEEP)
    early = await jmcp.call("run_cells", session_id=session, wait=0)
    await jmcp.kernels.sleeping.reached.wait()
    await jmcp.call("delete_cell", session_id=session, cell_ids=["c2"], force=True)
    await jmcp.call(
        "insert_cell", session_id=session, cell_index=0, cell_type="markdown", cell_source="# t"
    )
    asked = {"session_id": session, "execution_id": early["execution_id"]}
    going = await jmcp.call("get_execution", **asked, wait=0)
    assert going["status"] == "running"
    assert [(c["cell_index"], c["status"]) for c in going["batch"]["cells"]] == [
        (1, "ok"),
        (2, "running"),
        (2, "waiting"),
    ]
    jmcp.kernels.sleeping.release()
    ended = await jmcp.call("get_execution", **asked)
    assert [cell["status"] for cell in ended["batch"]["cells"]] == ["ok", "ok", "deleted"]


async def test_a_long_batch_shows_what_failed_and_the_last_cells(jmcp: FakeJmcp) -> None:
    sources = [f"print({number})" for number in range(140)]
    sources[3] = "1 / 0"
    jmcp.documents.write("long.ipynb", *sources)
    session = await jmcp.open("long.ipynb")
    result = await jmcp.call("run_cells", session_id=session, stop_on_error=False)
    shown = [cell["cell_index"] for cell in result["batch"]["cells"]]
    assert (len(shown), result["batch"]["left_out"]) == (100, 40)
    assert shown[0] == 3
    assert shown[-1] == 139


async def test_a_batch_whose_notebook_is_gone_is_told_all_the_same(
    jmcp: FakeJmcp, session: str
) -> None:
    await jmcp.call("overwrite_cell_source", session_id=session, cell_index=0, cell_source=SLEEP)
    early = await jmcp.call("run_cells", session_id=session, wait=0, end_index=0)
    await jmcp.kernels.sleeping.reached.wait()
    jmcp.documents.delete("a.ipynb")
    jmcp.kernels.sleeping.release()
    ended = await jmcp.call("get_execution", session_id=session, execution_id=early["execution_id"])
    assert [cell["status"] for cell in ended["batch"]["cells"]] == ["ok"]


async def test_two_calls_wait_for_one_run(jmcp: FakeJmcp, session: str) -> None:
    execution_id = await begun(jmcp, session)
    asked = {"session_id": session, "execution_id": execution_id}
    waiting = [asyncio.create_task(jmcp.call("get_execution", **asked)) for _ in range(2)]
    await asyncio.sleep(0)
    jmcp.kernels.sleeping.release()
    first, second = await asyncio.gather(*waiting)
    assert first == second


async def test_a_short_run_asks_once_where_its_notebook_is(
    jmcp: FakeJmcp, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    current = jmcp.documents.current

    async def counted(key: str) -> NotebookRef:
        asked.append(key)
        return await current(key)

    monkeypatch.setattr(jmcp.documents, "current", counted)
    await jmcp.call("execute_cell", session_id=session, cell_id="c0")
    assert len(asked) == 1


async def test_a_long_run_tells_where_its_notebook_was_moved_to(
    jmcp: FakeJmcp, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jmcp.core.sessions.session.LOOKED_UP_SECONDS", 0.0)
    hold = jmcp.kernels.hold("x = 6")
    running = asyncio.create_task(jmcp.call("execute_cell", session_id=session, cell_id="c0"))
    await hold.reached.wait()
    jmcp.documents.rename("a.ipynb", "b.ipynb")
    hold.release()
    assert "notebook_moved" in codes(await running)


@pytest.mark.parametrize("tool", ["execute_cell", "run_cells"])
async def test_a_notebook_that_is_deleted_during_a_short_run_takes_no_result_along(
    jmcp: FakeJmcp, session: str, tool: str
) -> None:
    hold = jmcp.kernels.hold("x = 6")
    which = {"cell_id": "c0"} if tool == "execute_cell" else {"end_index": 0}
    running = asyncio.create_task(jmcp.call(tool, session_id=session, **which))
    await hold.reached.wait()
    jmcp.documents.delete("a.ipynb")
    hold.release()
    ran = await running
    assert (ran["status"], ran["cell_index"]) == ("ok", None)


# -- runs that wait --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whose", "what"),
    [
        ("mine", "execution {execution_id} of this session"),
        ("my other session", "a run of your session {masked}"),
        ("another user", "a run of another user"),
    ],
)
async def test_a_run_that_waits_says_for_what(
    jmcp: FakeJmcp, session: str, whose: str, what: str
) -> None:
    caller = BOB if whose == "another user" else ALICE
    running = session if whose == "mine" else await jmcp.open("a.ipynb", caller)
    first = await jmcp.call("execute_code", caller, session_id=running, code=SLEEP, wait=0)
    await asyncio.wait_for(jmcp.kernels.sleeping.reached.wait(), 10)
    said = what.format(execution_id=first["execution_id"], masked=f"{running[:2]}***")
    execution_id = ""
    for ahead in (1, 2):
        outcome = await jmcp.outcome("execute_code", session_id=session, code="1", wait=0)
        assert outcome.result is not None
        waits = outcome.result["waits_for"]
        assert (waits["what"], waits["ahead"]) == (said, ahead)
        assert f"It waits for {said}, since {waits['since']}" in outcome.text
        assert "interrupt_kernel stops what runs now" in outcome.result["next"]
        assert outcome.result["next"] in outcome.text
        assert running not in outcome.text or whose == "mine"
        execution_id = outcome.result["execution_id"]
    asked = {"session_id": session, "execution_id": execution_id, "wait": 0}
    assert (await jmcp.call("get_execution", **asked))["waits_for"]["what"] == said
    batch = await jmcp.call("run_cells", session_id=session, wait=0)
    run = jmcp.dispatcher.runs.index.get(execution_id)
    assert run is not None
    assert run.describe(20.0, final=False).message.startswith(f"queued: waits for {said}, ")
    await jmcp.call("interrupt_kernel", session_id=session)
    done = await jmcp.call("get_execution", **asked | {"wait": 10})
    assert (done["status"], done["waits_for"]) == ("ok", None)
    await jmcp.call(
        "get_execution", session_id=session, execution_id=batch["execution_id"], wait=10
    )


async def test_all_cells_run_in_a_new_kernel(jmcp: FakeJmcp, session: str) -> None:
    """What waits for the old one is dropped, and the result says so."""
    await begun(jmcp, session)
    waiting = await jmcp.call("execute_code", session_id=session, code="1", wait=0)
    ran = await jmcp.call("run_cells", session_id=session, restart=True)
    assert (ran["status"], ran["batch"]["done"]) == ("ok", 3)
    assert [cell["execution_count"] for cell in ran["batch"]["cells"]] == [1, 2, 3]
    assert "1 waiting run was dropped." in [n["message"] for n in ran["notices"]]
    dropped = await jmcp.call(
        "get_execution", session_id=session, execution_id=waiting["execution_id"]
    )
    assert dropped["status"] == "aborted"


async def test_a_first_run_needs_no_restart(jmcp: FakeJmcp, session: str) -> None:
    ran = await jmcp.call("run_cells", session_id=session, restart=True)
    assert (ran["status"], jmcp.kernels.started) == ("ok", 1)


async def test_without_an_id_runs_are_listed(jmcp: FakeJmcp, session: str) -> None:
    """As list_executions lists them."""
    going = await begun(jmcp, session)
    for number in range(25):
        await jmcp.call("execute_code", session_id=session, code=str(number), wait=0)
    found = await jmcp.call("get_execution", session_id=session)
    listed = await jmcp.call("list_executions", session_id=session)
    assert found["execution_id"] is None
    ids = [[run["execution_id"] for run in one["executions"]] for one in (found, listed)]
    assert (ids[0], ids[0][0]) == (ids[1], going)
    assert (found["total"], len(ids[0]), found["more"]["count"]) == (26, 20, 6)
    await jmcp.call("interrupt_kernel", session_id=session)
