"""A native library that panics raises a BaseException: it fails one call, and nothing else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pycrdt
import pytest

from jmcp.core.errors import ENDS_TASK
from jmcp.core.observe.events import CallEvent, SessionEvent
from tests.fakes.documents import FakeSink
from tests.fakes.jmcp import FakeJmcp

SECONDS = 10


def panic() -> BaseException:
    """What pycrdt raises for an integer beyond 64 bits."""
    doc: pycrdt.Doc[pycrdt.Map[int]] = pycrdt.Doc()
    try:
        doc["numbers"] = pycrdt.Map({"large": 2**64})
    except ENDS_TASK:
        raise
    except BaseException as error:  # noqa: BLE001  its class has no name that could be imported
        return error
    raise AssertionError("pycrdt takes integers beyond 64 bits now")


class Observed:
    """Remembers how calls ended."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []

    def on_call(self, call: CallEvent) -> None:
        self.outcomes.append(call.outcome)

    def on_session_event(self, event: SessionEvent) -> None: ...


@pytest.fixture
def observed() -> Observed:
    return Observed()


@pytest.fixture
async def jmcp(observed: Observed) -> AsyncIterator[FakeJmcp]:
    made = FakeJmcp(options={"observers": [observed]})
    made.documents.write("a.ipynb", "6 * 7", "print(6)")
    async with made.running():
        yield made
    assert not +made.documents.held, "a document is still held"


def test_a_panic_is_no_exception() -> None:
    error = panic()
    assert not isinstance(error, Exception)
    assert not isinstance(error, ENDS_TASK)


async def test_a_panic_in_a_call_is_a_bug_of_that_call(
    jmcp: FakeJmcp, observed: Observed, caplog: pytest.LogCaptureFixture
) -> None:
    jmcp.faults.fail("documents.open", panic())
    error = await jmcp.fail("use_notebook", notebook_path="a.ipynb", session_id="agent-0001")
    assert error["code"] == "internal_error"
    assert observed.outcomes == ["internal_error"]
    bugs = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [bug.exc_info is not None for bug in bugs] == [True]
    # The session that the call had begun to open is gone, and can be opened now.
    opened = await jmcp.call("use_notebook", notebook_path="a.ipynb", session_id="agent-0001")
    assert opened["session_id"] == "agent-0001"


@pytest.mark.parametrize("ending", [asyncio.CancelledError, KeyboardInterrupt, SystemExit])
async def test_what_ends_a_task_is_no_failure_of_the_call(
    jmcp: FakeJmcp, ending: type[BaseException]
) -> None:
    jmcp.faults.fail("documents.open", ending())
    with pytest.raises(ending):
        await jmcp.outcome("use_notebook", notebook_path="a.ipynb")


async def test_a_panic_in_a_run_leaves_the_others_in_its_queue(
    jmcp: FakeJmcp,
) -> None:
    session_id = await jmcp.open("a.ipynb")
    await jmcp.call("execute_cell", session_id=session_id, cell_index=0)
    # Each call looks for its kernel first; the third connection is that of the first run.
    jmcp.faults.fail("kernels.connect", panic(), nth=3)
    first, second = await asyncio.wait_for(
        asyncio.gather(
            jmcp.call("execute_cell", session_id=session_id, cell_index=0),
            jmcp.call("execute_cell", session_id=session_id, cell_index=1),
        ),
        SECONDS,
    )
    assert (first["status"], second["status"]) == ("aborted", "ok")
    assert [notice["code"] for notice in first["notices"]] == ["run_failed"]


async def test_a_panic_of_the_document_leaves_the_run_its_outputs(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await jmcp.open("a.ipynb")

    def append(*_: object) -> None:
        raise panic()

    monkeypatch.setattr(FakeSink, "append", append)
    ran = await jmcp.call("execute_cell", session_id=session_id, cell_index=1)
    assert ran["status"] == "ok"
    assert "outputs_incomplete" in [notice["code"] for notice in ran["notices"]]


async def test_a_panic_in_clean_up_is_logged(
    jmcp: FakeJmcp, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        raise panic()

    jmcp.dispatcher.later(work(), "after a test")
    await jmcp.dispatcher._cleaned_up()
    assert ["after a test" in record.getMessage() for record in caplog.records] == [True]
