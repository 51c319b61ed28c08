"""The processes of regular expressions: kept for the next search, and never for long."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from jmcp_handlers.support.search import pattern_processes
from jmcp_handlers.support.search.pattern_processes import (
    PatternEnded,
    PatternProcess,
    PatternProcesses,
)

SECONDS = 20


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[PatternProcess]]:
    """Every process, in the order in which they are started."""
    processes: list[PatternProcess] = []

    class Made(PatternProcess):
        def __init__(self) -> None:
            super().__init__()
            processes.append(self)

    monkeypatch.setattr(pattern_processes, "PatternProcess", Made)
    yield processes
    for process in processes:
        process.end()


def ask(processes: PatternProcesses, pattern: str, *texts: str, seconds: float = SECONDS) -> Any:
    answer = processes.ask(
        pattern.encode(),
        [text.encode() for text in texts],
        ignore_case=False,
        limit=10,
        seconds=seconds,
    )
    return json.loads(answer)


def test_one_process_answers_one_after_the_other(made: list[PatternProcess]) -> None:
    processes = PatternProcesses()
    assert ask(processes, "b+", "a\nbbc", "b") == [[0, 1, 2, 4], [1, 0, 0, 1]]
    assert ask(processes, "c", "abc") == [[0, 0, 2, 3]]
    assert ask(processes, "x", "abc") == []
    assert len(made) == 1


def test_what_took_too_long_is_ended_and_the_next_search_has_another(
    made: list[PatternProcess],
) -> None:
    processes = PatternProcesses()
    with pytest.raises(PatternEnded):
        ask(processes, "(x+x+)+y", "x" * 60, seconds=0.3)
    assert not made[0].alive
    assert ask(processes, "a", "a") == [[0, 0, 0, 1]]
    assert len(made) == 2


def test_one_that_somebody_ended_is_not_asked_again(made: list[PatternProcess]) -> None:
    processes = PatternProcesses()
    ask(processes, "a", "a")
    made[0]._process.kill()
    made[0]._process.wait()
    assert ask(processes, "a", "a") == [[0, 0, 0, 1]]
    assert len(made) == 2


def test_one_that_has_grown_is_ended(made: list[PatternProcess]) -> None:
    processes = PatternProcesses()
    ask(processes, "a", "a" * 20_000_001)
    assert not made[0].alive


def test_one_that_nobody_needs_is_ended(made: list[PatternProcess]) -> None:
    processes = PatternProcesses(idle_seconds=0.05)
    ask(processes, "a", "a")
    until = time.monotonic() + SECONDS
    while made[0].alive and time.monotonic() < until:
        threading.Event().wait(0.01)
    assert not made[0].alive
    assert ask(processes, "a", "a") == [[0, 0, 0, 1]]


def test_two_at_once_have_two(made: list[PatternProcess]) -> None:
    processes = PatternProcesses()
    barrier = threading.Barrier(2)
    answers: list[Any] = []

    def search() -> None:
        barrier.wait(SECONDS)
        answers.append(ask(processes, "(?:a|b)+$", "ab" * 100_000))

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert answers == [[[0, 0, 0, 200_000]]] * 2
    assert len(made) <= 2
