"""Listing sessions: whose, with which ids, and while Jupyter is silent."""

from __future__ import annotations

from jmcp.core.observe.events import masked
from jmcp_api.backend_errors import JupyterUnreachable
from tests.calls import ALICE, BOB
from tests.fakes.jmcp import FakeJmcp


async def test_only_the_callers_own_and_no_whole_id(jmcp: FakeJmcp, session: str) -> None:
    other = await jmcp.open("a.ipynb", BOB)
    for caller, own in ((ALICE, session), (BOB, other)):
        outcome = await jmcp.dispatcher.call("list_sessions", {}, caller)
        assert outcome.result is not None
        assert [row["session"] for row in outcome.result["sessions"]] == [masked(own)]
        told = outcome.text + str(outcome.result)
        assert session not in told
        assert other not in told


async def test_the_one_used_last_comes_first_and_says_when(jmcp: FakeJmcp, session: str) -> None:
    jmcp.clock.now += 60
    later = await jmcp.open("a.ipynb", kernel="private")
    await jmcp.call("execute_code", session_id=later, code="1")
    rows = (await jmcp.call("list_sessions"))["sessions"]
    assert [row["session"] for row in rows] == [masked(later), masked(session)]
    assert rows[0]["last_call"] > rows[1]["last_call"]
    # A private kernel is that session's alone.
    assert [row["notebooks"][0]["kernel_state"] for row in rows] == ["idle", None]
    page = await jmcp.call("list_sessions", limit=1)
    assert (len(page["sessions"]), page["more"]) == (1, {"count": 1, "start_index": 1})


async def test_a_silent_jupyter_hides_only_what_kernels_do(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("execute_code", session_id=session, code="1")
    jmcp.faults.fail("kernels.list", JupyterUnreachable.not_yet())
    row = (await jmcp.call("list_sessions"))["sessions"][0]
    assert row["notebooks"][0]["kernel_state"] == "unknown"
