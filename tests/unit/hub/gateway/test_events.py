"""Events pass whole, whatever chunks they come in, and results pass untouched."""

from __future__ import annotations

import json

import pytest

from jmcp.hub.gateway.events import EventStream

SIZES = pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
LINE_ENDS = pytest.mark.parametrize("end", [b"\n", b"\r\n"])


def event(data: object, end: bytes = b"\n") -> bytes:
    return b"event: message" + end + b"data: " + json.dumps(data).encode() + end + end


def chunks(stream: bytes, size: int) -> list[bytes]:
    return [stream[at : at + size] for at in range(0, len(stream), size)]


@SIZES
@LINE_ENDS
def test_only_whole_events_pass(size: int, end: bytes) -> None:
    whole = b": keep-alive" + end + end + event({"id": 1, "result": "x" * 50}, end)
    events = EventStream()
    passed = [events.passed(one) for one in chunks(whole + b"data: {half", size)]
    assert b"".join(passed) == whole
    assert all(one.endswith(end + end) for one in passed if one)


@SIZES
@LINE_ENDS
def test_the_servers_own_progress_comes_after_the_start(size: int, end: bytes) -> None:
    method = "notifications/progress"
    given: list[object] = [
        {"method": method, "params": {"progress": 0, "total": 3}},
        {"method": method, "params": {"progress": 1.5, "message": "half"}},
        {"method": method, "params": {"progress": None}},
        {"method": method},
        {"method": "notifications/other", "params": {"about": method}},
        {"jsonrpc": "2.0", "id": 1, "result": {"text": f'"{method}"'}},
    ]
    events = EventStream(steps=1)
    stream = b"".join(event(one, end) for one in given)
    passed = b"".join(events.passed(one) for one in chunks(stream, size))
    later = [
        {"method": method, "params": {"progress": 1, "total": 4}},
        {"method": method, "params": {"progress": 2.5, "message": "half"}},
    ]
    lines = [line for line in passed.split(end) if line.startswith(b"data: ")]
    assert [json.loads(line[6:]) for line in lines[:2]] == later
    assert lines[2:] == [event(one).split(b"\n")[1] for one in given[2:]]


@pytest.mark.parametrize(
    ("data", "answered"),
    [
        ({"jsonrpc": "2.0", "id": 1, "result": {"text": "x" * 10_000}}, True),
        ({"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "x"}}, True),
        ({"jsonrpc": "2.0", "method": "notifications/progress", "params": {}}, False),
        ({"jsonrpc": "2.0", "id": 3, "method": "elicitation/create"}, False),
    ],
    ids=["large result", "error", "progress", "question"],
)
def test_an_answer_is_told_from_what_comes_before_it(data: object, answered: bool) -> None:
    events = EventStream()
    events.passed(event(data) + b": keep-alive\n\n")
    assert events.answered is answered
