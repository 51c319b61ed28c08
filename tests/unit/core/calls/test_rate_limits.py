"""How often a principal and a session may call."""

from __future__ import annotations

import time
from typing import Any

import pytest

from jmcp.compose import API, gates
from jmcp.core.calls.buckets import BUCKET_SECONDS, Buckets
from jmcp.core.calls.call import Caller
from jmcp.core.calls.rate_limits import Rates
from jmcp.core.sessions.records import SessionRecord
from jmcp.options.settings import Settings
from jmcp_api.errors import RateLimited

TOOL = API.tools["list_kernels"]


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("jmcp.core.calls.buckets.time", made)
    monkeypatch.setattr("token_bucket.storage.time", made)
    return made


def caller(owner: str = "somebody") -> Caller:
    return Caller(owner=owner, authenticated=True)


def record(session_id: str, owner: str = "somebody") -> SessionRecord:
    return SessionRecord(owner=owner, session_id=session_id, created=0, last_accessed=0)


def rates(*, session: float = 0, owner: float = 0) -> Rates:
    return Rates(RateLimited, session=session, owner=owner)


def exhaust(gate: Rates) -> None:
    while True:
        gate.admit(TOOL, caller())


def test_a_bucket_holds_ten_seconds_and_fills_at_its_rate(clock: Clock) -> None:
    gate = rates(owner=2)
    for _ in range(2 * BUCKET_SECONDS):
        gate.admit(TOOL, caller())
    with pytest.raises(RateLimited, match=r"2 a second.*again in 0\.501 s") as refused:
        gate.admit(TOOL, caller())
    assert refused.value.details == {"retry_after": 0.501}
    clock.now += 0.501
    gate.admit(TOOL, caller())
    with pytest.raises(RateLimited):
        gate.admit(TOOL, caller())
    clock.now += 1000
    for _ in range(2 * BUCKET_SECONDS):
        gate.admit(TOOL, caller())
    with pytest.raises(RateLimited):
        gate.admit(TOOL, caller())


@pytest.mark.parametrize("rate", [0.01, 0.3, 7, 100, 499.9])
def test_who_waits_as_long_as_told_is_let_in(clock: Clock, rate: float) -> None:
    gate = rates(owner=rate)
    for _ in range(5):
        with pytest.raises(RateLimited) as refused:
            exhaust(gate)
        clock.now += refused.value.details["retry_after"]
        gate.admit(TOOL, caller())


def test_a_refused_call_costs_nothing(clock: Clock) -> None:
    gate = rates(owner=1)
    for _ in range(BUCKET_SECONDS):
        gate.admit(TOOL, caller())
    for _ in range(1000):
        with pytest.raises(RateLimited):
            gate.admit(TOOL, caller())
    clock.now += 1
    gate.admit(TOOL, caller())


def test_principals_and_sessions_have_buckets_of_their_own(clock: Clock) -> None:
    gate = rates(owner=0.2, session=0.1)
    gate.admit(TOOL, caller("one"))
    gate.admit(TOOL, caller("two"))
    gate.admit_session(TOOL, record("a", "one"))
    gate.admit_session(TOOL, record("b", "one"))
    gate.admit_session(TOOL, record("a", "two"))
    with pytest.raises(RateLimited, match="session"):
        gate.admit_session(TOOL, record("a", "one"))
    gate.admit(TOOL, caller("one"))
    with pytest.raises(RateLimited, match="caller"):
        gate.admit(TOOL, caller("one"))


def test_no_limit_is_no_limit() -> None:
    gate = rates()
    for _ in range(10_000):
        gate.admit(TOOL, caller())
        gate.admit_session(TOOL, record("a"))


def test_full_buckets_are_dropped(clock: Clock) -> None:
    buckets = Buckets(5)
    for number in range(10_000):
        buckets.wait(number)
        clock.now += 0.01
    # Those that were asked for within the ten seconds that they take to fill.
    assert len(buckets) == pytest.approx(BUCKET_SECONDS / 0.01, abs=2)
    clock.now += 1000
    buckets.wait("another")
    assert len(buckets) == 1


def test_one_who_calls_all_the_time_keeps_the_bucket(clock: Clock) -> None:
    buckets = Buckets(1)
    allowed = 0
    for number in range(1000):
        allowed += buckets.wait("busy") == 0
        buckets.wait(("idle", number))
        clock.now += 0.1
    assert allowed == pytest.approx(100 + BUCKET_SECONDS, abs=1)


def test_settings_go_before_what_the_spec_says() -> None:
    policy = API.policy
    assert limits(Settings()) == (
        policy.session_calls_per_second,
        policy.owner_calls_per_second,
    )
    assert limits(Settings(calls_per_second=3, owner_calls_per_second=4.5)) == (3, 4.5)
    assert limits(Settings(calls_per_second=0, owner_calls_per_second=0)) == (None, None)


def limits(settings: Settings) -> tuple[float | None, float | None]:
    (gate,) = (gate for gate in gates(settings) if isinstance(gate, Rates))
    found: list[Any] = [gate._sessions, gate._owners]
    session, owner = (None if one is None else one.rate for one in found)
    return session, owner


def test_it_costs_a_call_next_to_nothing() -> None:
    """Microseconds; the bound is what a machine that is busy elsewhere still keeps."""
    gate = rates(owner=1e6, session=1e6)
    who, which = caller(), record("a")
    took = []
    for _ in range(2000):
        began = time.perf_counter()
        gate.admit(TOOL, who)
        gate.admit_session(TOOL, which)
        took.append(time.perf_counter() - began)
    assert sorted(took)[1000] < 0.001
