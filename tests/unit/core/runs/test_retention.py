"""Of many finished runs the last ones stay, and of large outputs those that nobody else has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jmcp.core.ports import NotebookRef
from jmcp.core.runs import retention
from jmcp.core.runs.record.request import RunRequest
from jmcp.core.runs.record.run import Run
from jmcp.core.runs.retention import FinishedRuns
from jmcp_api import phrases


def over(name: str, *, size: int = 0, cell_id: str | None = "c", seconds_ago: float = 60) -> Run:
    """A run that ended so long ago, with outputs of that size."""
    request = RunRequest(
        kernel_id="k",
        code="",
        notebook=NotebookRef(key="n", path="n.ipynb"),
        owner="o",
        session_id="s",
        cell_id=cell_id,
    )
    run = Run(execution_id=name, request=request, phrases=phrases)
    run.record.apply("stream", {"name": "stdout", "text": name}, {})
    run.finish("ok")
    run.record.size = size
    run.ended = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return run


def test_the_run_that_ended_first_is_forgotten_first() -> None:
    finished = FinishedRuns(kept_runs=2)
    first, second, third, fourth = map(over, "abcd")
    assert [finished.add(run) for run in (first, second, third, fourth)] == [
        None,
        None,
        first,
        second,
    ]


@pytest.mark.parametrize(
    ("kept_bytes", "released"), [(60, []), (50, ["cell"]), (25, ["cell", "other cell"])]
)
def test_outputs_go_that_the_notebook_has_and_then_the_oldest(
    kept_bytes: int, released: list[str]
) -> None:
    finished = FinishedRuns(kept_bytes=kept_bytes)
    runs = [
        over("code", size=20, cell_id=None),
        over("cell", size=20),
        over("other cell", size=20),
    ]
    for run in runs:
        finished.add(run)
    assert [run.execution_id for run in runs if run.record.released] == released
    for run in runs:
        assert bool(run.outputs) != run.record.released
        assert bool(run.notices) == run.record.released


def test_a_run_that_has_just_ended_keeps_its_outputs() -> None:
    finished = FinishedRuns(kept_bytes=10)
    recent = over("recent", size=100, seconds_ago=retention.READ_SECONDS / 2)
    finished.add(recent)
    assert not recent.record.released
    finished.add(over("other"))
    assert not recent.record.released


def test_outputs_that_grow_after_the_end_of_their_run_are_measured_later() -> None:
    finished = FinishedRuns(kept_bytes=50)
    grown = over("grown", size=1)
    finished.add(grown)
    grown.record.size = 100
    others = [over("other") for _ in range(retention.MEASURED_RUNS)]
    for run in others:
        finished.add(run)
    assert grown.record.released
    assert not any(run.record.released for run in others)
