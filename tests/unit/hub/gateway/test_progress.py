"""Progress of a call whose server had to be started: it only grows."""

from __future__ import annotations

from jmcp.hub.gateway.progress import StartProgress


def test_a_start_grows_with_each_report_and_never_reaches_its_end() -> None:
    start = StartProgress()
    told = [start.next(percent) for percent in (0, 0, 50, 20, 50, 100, 100, 900, 100)]
    assert told == sorted(set(told))
    assert told[0] > 0
    assert told[-1] < 1
