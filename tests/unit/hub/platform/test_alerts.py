"""What the administrators' page warns of."""

from __future__ import annotations

from typing import Any

import pytest

from jmcp.hub.gateway.start_failures import StartFailures
from jmcp.hub.platform.alerts import SHOWN_ALERTS, alerts
from jmcp.hub.platform.process_memory import ServerMemory
from tests.clock import Clock

GIB = 2**30
QUIET = {"memory_total": 8 * GIB, "memory_free": 4 * GIB, "servers": 3, "places": 10}


def codes(
    used: dict[str, ServerMemory] | None = None, failed: int = 0, **capacity: Any
) -> list[str]:
    failures = StartFailures()
    for number in range(failed):
        failures.note(f"user{number}", "no image")
    found = alerts(used or {}, QUIET | capacity, failures.of_last_hour())
    return [one["code"] for one in found]


def test_nothing_is_said_where_nothing_is_wrong() -> None:
    assert codes({"ada": ServerMemory(used=8 * GIB), "ben": ServerMemory(used=1, limit=GIB)}) == []
    assert codes(servers=1_000, places=0) == []


@pytest.mark.parametrize(
    ("capacity", "code"),
    [
        ({"memory_free": GIB // 2}, "memory_low"),
        ({"servers": 10}, "no_place_left"),
    ],
)
def test_a_full_machine(capacity: dict[str, Any], code: str) -> None:
    assert codes(**capacity) == [code]


def test_starts_that_failed() -> None:
    assert codes(failed=2) == ["starts_failed"]


def test_a_server_near_its_limit_is_named() -> None:
    near = ServerMemory(used=int(0.86 * GIB), limit=GIB)
    (found,) = alerts({"ada": near}, QUIET, [])
    assert (found["user"], found["text"]) == ("ada", "The server of ada uses 86% of its memory.")
    assert len(alerts({f"u{n}": near for n in range(500)}, QUIET, [])) == SHOWN_ALERTS


def test_failures_are_those_of_the_last_hour_and_bounded() -> None:
    clock = Clock()
    failures = StartFailures(clock=clock)
    failures.note("ada", "x" * 10_000)
    clock.now += 1_800
    failures.note("ben", "no image")
    first, second = failures.of_last_hour()
    assert (first.user, second.user, len(second.message)) == ("ben", "ada", 500)
    clock.now += 1_801
    assert [one.user for one in failures.of_last_hour()] == ["ben"]
    for _ in range(1_000):
        failures.note("ben", "again")
    assert len(failures.of_last_hour()) == 200
