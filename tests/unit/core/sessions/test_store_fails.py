"""A state store that fails: before the work nothing is done, after it the work is told as done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from jmcp.core.sessions.deferred_writes import WRITE_SECONDS
from jmcp_api.backend_errors import JupyterUnreachable, StateUnavailable
from tests.calls import ALICE
from tests.fakes.faults import Faults
from tests.fakes.jmcp import FakeJmcp

SECONDS = 10


class Outage:
    """The store fails from `begin` to `end`, with all that it is asked or only with writes."""

    WRITES = frozenset({"store.put", "store.add", "store.change", "store.touch", "store.remove"})

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._pass_point = faults.pass_point
        self.points: frozenset[str] | None = frozenset()
        self.refused = asyncio.Event()
        faults.pass_point = self._passed  # type: ignore[method-assign]

    def begin(self, *, writes_only: bool = True) -> None:
        self.points = self.WRITES if writes_only else None

    def end(self) -> None:
        self.points = frozenset()

    async def _passed(self, point: str) -> None:
        await self._pass_point(point)
        every = self.points is None and point.startswith("store.") and not point.endswith("done")
        if every or point in (self.points or ()):
            self.refused.set()
            raise StateUnavailable.locked(file="state.db")


@pytest.fixture
async def jmcp() -> AsyncIterator[FakeJmcp]:
    made = FakeJmcp()
    made.documents.write("a.ipynb", "x = 6", "print(x)")
    made.documents.write("b.ipynb", "1")
    async with made.running():
        yield made


@pytest.fixture
def outage(jmcp: FakeJmcp) -> Outage:
    return Outage(jmcp.faults)


def codes(result: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in result["notices"]]


async def stored(jmcp: FakeJmcp) -> list[list[str]]:
    """The notebooks of each session that the store has."""
    records = await jmcp.store.of_owner(ALICE.owner)
    return [sorted(held.ref.path for held in one.notebooks.values()) for one in records]


async def test_a_store_that_fails_before_the_work_leaves_it_undone(
    jmcp: FakeJmcp, outage: Outage
) -> None:
    session = await jmcp.open("a.ipynb")
    outage.begin(writes_only=False)
    for tool, arguments in (
        ("insert_cell", {"cell_type": "code", "cell_source": "new", "cell_index": 0}),
        ("execute_code", {"code": "ran = 1"}),
        ("read_cell", {"cell_index": 0}),
        ("unuse_notebook", {}),
    ):
        error = await jmcp.fail(tool, session_id=session, **arguments)
        assert (error["code"], error["retry"]) == ("state_unavailable", "later")
        assert "Nothing was done" in error["message"], error
    error = await jmcp.fail("use_notebook", notebook_path="c.ipynb", mode="create")
    assert error["code"] == "state_unavailable"
    outage.end()
    assert jmcp.documents.text("c.ipynb") is None
    assert jmcp.kernels.kernels == {}
    read = await jmcp.call("read_notebook", session_id=session)
    assert read["cell_count"] == 2


async def test_edits_and_runs_are_told_as_done_when_the_store_fails_after_them(
    jmcp: FakeJmcp, outage: Outage
) -> None:
    session = await jmcp.open("a.ipynb")
    outage.begin()
    inserted = await jmcp.call(
        "insert_cell", session_id=session, cell_type="code", cell_source="new", cell_index=0
    )
    assert inserted["cell_count"] == 3
    ran = await jmcp.call("execute_code", session_id=session, code="ran = 1")
    assert (ran["status"], codes(ran)) == ("ok", ["kernel_started", "session_not_stored"])
    again = await jmcp.call("execute_code", session_id=session, code="ran")
    assert (again["outputs"][0]["text"], codes(again)) == ("1", []), "told once"
    (kernel,) = jmcp.kernels.kernels.values()
    assert kernel.codes == ["ran = 1", "ran"]


async def test_what_the_store_did_not_take_is_known_and_stored_once_it_does(
    jmcp: FakeJmcp, outage: Outage
) -> None:
    session = await jmcp.open("a.ipynb")
    jmcp.faults.fail("store.change", StateUnavailable.locked(file="state.db"))
    jmcp.faults.fail("store.change", StateUnavailable.locked(file="state.db"), nth=2)
    opened = await jmcp.call("use_notebook", session_id=session, notebook_path="b.ipynb")
    assert codes(opened) == ["session_not_stored"]
    assert await stored(jmcp) == [["a.ipynb"]]
    outage.begin()
    rows = (await jmcp.call("list_notebooks"))["notebooks"]
    assert [row["notebook_path"] for row in rows] == ["a.ipynb", "b.ipynb"]
    read = await jmcp.call("read_notebook", session_id=session)
    assert read["notebook_path"] == "b.ipynb"
    found = await jmcp.call("read_notebook", notebook_path="b.ipynb")
    assert found["session_id"] == session
    # What would change the session once more is not begun.
    error = await jmcp.fail("unuse_notebook", session_id=session)
    assert error["code"] == "state_unavailable"
    outage.end()
    await jmcp.dispatcher.sessions._deferred.flush()
    assert await stored(jmcp) == [["a.ipynb", "b.ipynb"]]
    released = await jmcp.call("unuse_notebook", session_id=session)
    assert released["released"] == "b.ipynb"
    assert await stored(jmcp) == [["a.ipynb"]]


async def test_a_session_that_ended_stays_ended_though_the_store_still_has_it(
    jmcp: FakeJmcp,
) -> None:
    session = await jmcp.open("a.ipynb")
    jmcp.faults.fail("store.change", StateUnavailable.locked(file="state.db"))
    released = await jmcp.call("unuse_notebook", session_id=session)
    assert (released["session_ended"], codes(released)) == (True, ["session_not_stored"])
    assert await stored(jmcp) == [["a.ipynb"]]
    assert (await jmcp.fail("read_notebook", session_id=session))["code"] == "session_not_found"
    assert (await jmcp.call("list_notebooks"))["total"] == 0
    await jmcp.dispatcher.sessions._deferred.flush()
    assert await stored(jmcp) == []


async def test_a_private_kernel_is_known_though_the_store_does_not_have_it(
    jmcp: FakeJmcp, outage: Outage
) -> None:
    session = await jmcp.open("a.ipynb", kernel="private")
    outage.begin()
    await jmcp.call("execute_code", session_id=session, code="x = 1")
    (kernel_id,) = jmcp.kernels.kernels
    other = await jmcp.fail("use_notebook", notebook_path="b.ipynb", kernel_id=kernel_id)
    assert other["code"] in ("kernel_taken", "state_unavailable")
    again = await jmcp.call("execute_code", session_id=session, code="x")
    assert again["outputs"][0]["text"] == "1"
    outage.end()
    taken = await jmcp.fail("use_notebook", notebook_path="b.ipynb", kernel_id=kernel_id)
    assert taken["code"] == "kernel_taken"
    released = await jmcp.call("unuse_notebook", session_id=session)
    assert released["kernel"] == "stopped"
    assert jmcp.kernels.kernels == {}


async def test_a_store_that_stays_away_is_asked_again_with_growing_pauses(
    jmcp: FakeJmcp, outage: Outage
) -> None:
    session = await jmcp.open("a.ipynb")
    outage.begin()
    await jmcp.call("read_cell", session_id=session, cell_index=0)
    async with asyncio.timeout(SECONDS):
        for _ in range(2):
            outage.refused.clear()
            await outage.refused.wait()
    deferred = jmcp.dispatcher.sessions._deferred
    assert deferred.pause_seconds > WRITE_SECONDS
    outage.end()
    await deferred.flush()
    assert deferred.pause_seconds == WRITE_SECONDS
    assert deferred._uses == {}


# -- two that open one session ---------------------------------------------------------------------


async def test_of_two_that_open_one_new_session_the_failure_leaves_the_others(
    jmcp: FakeJmcp,
) -> None:
    for paths in (("none.ipynb", "a.ipynb"), ("a.ipynb", "none.ipynb")):
        session_id = f"session-of-{paths[0][0]}"
        outcomes = await asyncio.gather(
            *(
                jmcp.outcome("use_notebook", session_id=session_id, notebook_path=path)
                for path in paths
            )
        )
        assert sorted(outcome.error is None for outcome in outcomes) == [False, True]
        read = await jmcp.call("read_notebook", session_id=session_id)
        assert read["notebook_path"] == "a.ipynb"


async def test_both_notebooks_of_two_that_open_one_new_session_are_held(jmcp: FakeJmcp) -> None:
    await asyncio.gather(
        *(
            jmcp.call("use_notebook", session_id="one-session", notebook_path=path)
            for path in ("a.ipynb", "b.ipynb")
        )
    )
    assert await stored(jmcp) == [["a.ipynb", "b.ipynb"]]


async def test_an_opening_that_is_cancelled_leaves_the_session_of_the_next(jmcp: FakeJmcp) -> None:
    hold = jmcp.faults.hold("documents.identify")
    first = asyncio.create_task(
        jmcp.outcome("use_notebook", session_id="one-session", notebook_path="a.ipynb")
    )
    await hold.reached.wait()
    second = asyncio.create_task(
        jmcp.call("use_notebook", session_id="one-session", notebook_path="b.ipynb")
    )
    await asyncio.sleep(0)
    first.cancel()
    await second
    await asyncio.wait({first})
    await jmcp.dispatcher._cleaned_up()
    assert await stored(jmcp) == [["b.ipynb"]]
    read = await jmcp.call("read_notebook", session_id="one-session")
    assert read["notebook_path"] == "b.ipynb"


async def test_two_processes_that_open_one_session_share_it(jmcp: FakeJmcp) -> None:
    other = FakeJmcp()
    other.documents, other.kernels, other.store = jmcp.documents, jmcp.kernels, jmcp.store
    await other.start()
    hold = jmcp.faults.hold("documents.identify")
    mine = asyncio.create_task(
        jmcp.call("use_notebook", session_id="one-session", notebook_path="a.ipynb")
    )
    await hold.reached.wait()
    error = await other.fail("use_notebook", session_id="one-session", notebook_path="no.ipynb")
    assert error["code"] == "notebook_not_found"
    hold.release()
    await mine
    assert await stored(jmcp) == [["a.ipynb"]]
    await other.dispatcher.sessions.close()


# -- what creating a notebook may be refused for -------------------------------------------------


async def test_a_full_session_is_refused_before_the_file_is_there(jmcp: FakeJmcp) -> None:
    limit = jmcp.dispatcher.api.policy.notebooks_per_session
    for number in range(limit):
        jmcp.documents.write(f"{number}.ipynb", "1")
    session = await jmcp.open("0.ipynb")
    for number in range(1, limit):
        await jmcp.call("use_notebook", session_id=session, notebook_path=f"{number}.ipynb")
    error = await jmcp.fail(
        "use_notebook", session_id=session, notebook_path="new.ipynb", mode="create"
    )
    assert error["code"] == "session_limit"
    assert jmcp.documents.text("new.ipynb") is None
    again = await jmcp.call("use_notebook", session_id=session, notebook_path="0.ipynb")
    assert again["action"] == "switched"


async def test_anothers_kernel_is_refused_before_the_file_is_there(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb")
    await jmcp.call("execute_code", session_id=session, code="1")
    (kernel_id,) = jmcp.kernels.kernels
    error = await jmcp.fail(
        "use_notebook", notebook_path="new.ipynb", mode="create", kernel_id=kernel_id
    )
    assert error["code"] == "kernel_taken"
    assert jmcp.documents.text("new.ipynb") is None


@pytest.mark.parametrize("point", ["documents.open", "document.read", "kernels.attach"])
async def test_a_failure_after_the_file_was_made_says_that_it_is_there(
    jmcp: FakeJmcp, point: str
) -> None:
    session = await jmcp.open("a.ipynb")
    await jmcp.call("execute_code", session_id=session, code="1")
    (kernel_id,) = jmcp.kernels.kernels
    await jmcp.call("unuse_notebook", session_id=session, kernel="keep")
    jmcp.kernels.kernels[kernel_id].notebook = None
    jmcp.faults.fail(point, JupyterUnreachable.not_yet())
    error = await jmcp.fail(
        "use_notebook", notebook_path="new.ipynb", mode="create", kernel_id=kernel_id
    )
    assert error["code"] == "partly_done"
    assert "'new.ipynb' was created" in error["message"]
    assert jmcp.documents.text("new.ipynb") is not None
    again = await jmcp.call("use_notebook", notebook_path="new.ipynb", kernel_id=kernel_id)
    assert again["kernel"]["kernel_id"] == kernel_id
