"""When memory is short, and who is told."""

from __future__ import annotations

import logging

import pytest

from jmcp.core.memory_watch import GIB, MIB, MemoryUse, MemoryWatch
from jmcp.core.notices import MemoryShort
from jmcp.core.sessions.records import SessionRecord


def record(session_id: str, created: float = 1) -> SessionRecord:
    return SessionRecord(owner="ada", session_id=session_id, created=created, last_accessed=1)


def use(share: float) -> MemoryUse:
    return MemoryUse(used=int(2 * GIB * share), limit=2 * GIB)


def test_each_session_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    watch = MemoryWatch()
    watch.look(use(0.84))
    assert watch.first(record("a")) is None
    with caplog.at_level(logging.WARNING, logger="jmcp"):
        watch.look(use(0.9))
        watch.look(use(0.95))
    assert [one.getMessage() for one in caplog.records] == [
        "Memory is short: server and kernels use 1.8 GiB of 2.0 GiB"
    ]
    assert watch.first(record("a")) == MemoryShort(used="1.9 GiB", limit="2.0 GiB")
    assert watch.first(record("a")) is None
    assert watch.first(record("b")) is not None
    assert watch.first(record("a", created=2)) is not None, "another session of that id"


def test_it_is_short_until_there_is_clearly_enough() -> None:
    watch = MemoryWatch()
    watch.look(use(0.9))
    assert watch.first(record("a")) is not None
    watch.look(use(0.8))
    assert watch.is_short
    watch.look(use(0.7))
    assert not watch.is_short
    watch.look(use(0.9))
    assert watch.first(record("a")) is not None, "it got short again"
    watch.look(None)
    assert (watch.used, watch.limit, watch.is_short) == (None, None, False)


def test_sizes_below_a_gibibyte() -> None:
    watch = MemoryWatch()
    watch.look(MemoryUse(used=90 * MIB, limit=100 * MIB))
    assert watch.first(record("a")) == MemoryShort(used="90 MiB", limit="100 MiB")
