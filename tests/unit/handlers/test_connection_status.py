"""How jmcp is connected: what does not answer is told, and no credential with it."""

from __future__ import annotations

import pytest

from jmcp_api.backend_errors import JupyterUnreachable, KernelDown, StateUnavailable
from jmcp_handlers.server import connection
from tests.calls import BOB
from tests.fakes.jmcp import FakeJmcp

TOKEN = "tkn0123456789abcdef"


async def test_each_part_that_fails_is_told(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("execute_code", session_id=session, code="1")
    refused = JupyterUnreachable.no_answer(
        url="http://there/", reason=f"GET http://me:{TOKEN}@there/api?token={TOKEN}"
    )
    jmcp.faults.fail("documents.sharing", refused)
    jmcp.faults.fail("documents.glance", refused)
    jmcp.faults.fail("kernels.health", KernelDown.dead(kernel_id="kernel-1"))
    outcome = await jmcp.outcome("debug_connection_status")
    assert outcome.result is not None, outcome.text
    assert (outcome.result["answers"], outcome.result["jupyter_url"]) == (False, "http://fake/")
    notebook = outcome.result["notebook"]
    assert (notebook["answers"], notebook["kernel_answers"]) == (False, False)
    assert [(one["part"], one["code"]) for one in outcome.result["problems"]] == [
        ("jupyter", "jupyter_unreachable"),
        ("notebook", "jupyter_unreachable"),
        ("kernel", "kernel_unavailable"),
    ]
    assert TOKEN not in outcome.text + str(outcome.result)


async def test_a_store_and_kernels_that_fail_are_told(jmcp: FakeJmcp, session: str) -> None:
    jmcp.faults.fail("kernels.list", JupyterUnreachable.not_yet())
    jmcp.faults.fail("store.of_owner", StateUnavailable.locked(file="state.db"))
    status = await jmcp.call("debug_connection_status")
    assert (status["kernels"], status["sessions"], status["notebook"]) == (None, None, None)
    assert [one["part"] for one in status["problems"]] == ["kernels", "sessions"]


async def test_what_never_answers_is_not_waited_for(
    jmcp: FakeJmcp, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PART_SECONDS", 0.05)
    jmcp.faults.hold("documents.sharing")
    status = await jmcp.call("debug_connection_status")
    assert [(one["part"], one["code"]) for one in status["problems"]] == [("jupyter", "timed_out")]
    assert status["notebook"]["answers"] is True


async def test_a_notebook_is_that_of_the_call_or_of_the_session(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.documents.write("b.ipynb", "1", "2")
    status = await jmcp.call("debug_connection_status", notebook_path="b.ipynb")
    assert (status["notebook"]["mode"], status["notebook"]["cell_count"]) == ("file", 2)
    status = await jmcp.call("debug_connection_status", session_id=session)
    assert status["notebook"]["notebook_path"] == "a.ipynb"
    assert (await jmcp.call("debug_connection_status", BOB))["sessions"] == 0
    other = await jmcp.fail("debug_connection_status", BOB, session_id=session)
    assert other["code"] == "session_not_found"
