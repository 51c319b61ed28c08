"""Progress of a call whose server had to be started: it only grows, and results pass untouched."""

from __future__ import annotations

import json

import pytest

from jmcp.hub.gateway.progress import LaterProgress, StartProgress


def test_a_start_grows_with_each_report_and_never_reaches_its_end() -> None:
    start = StartProgress()
    told = [start.next(percent) for percent in (0, 0, 50, 20, 50, 100, 100, 900, 100)]
    assert told == sorted(set(told))
    assert told[0] > 0
    assert told[-1] < 1


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_servers_own_progress_comes_after_the_start(size: int, end: bytes) -> None:
    result = {"jsonrpc": "2.0", "id": 1, "result": {"text": '"notifications/progress"'}}
    messages = [
        {"method": "notifications/progress", "params": {"progress": 0, "total": 3}},
        {"method": "notifications/progress", "params": {"progress": 1.5, "message": "half"}},
        {"method": "notifications/progress", "params": {"progress": None}},
        {"method": "notifications/progress"},
        {"method": "notifications/other", "params": {"about": "notifications/progress"}},
        result,
    ]
    lines = [
        b": keep-alive",
        *(b"data: " + json.dumps(one).encode() for one in messages),
        b"data: {",
    ]
    stream = end.join([*lines, b"id: 1"])
    later = LaterProgress()
    parts = [stream[at : at + size] for at in range(0, len(stream), size)]
    passed = b"".join(map(later.passed, parts)) + later.rest

    found = passed.split(end)
    assert json.loads(found[1][6:])["params"] == {"progress": 1, "total": 4}
    assert json.loads(found[2][6:])["params"] == {"progress": 2.5, "message": "half"}
    assert [found[0], *found[3:]] == [lines[0], *lines[3:], b"id: 1"]
