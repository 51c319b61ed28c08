"""A start as a stream of events: to its end, with comments while nothing happens, for whoever stays."""

from __future__ import annotations

import asyncio
import json

import pytest

from jmcp.hub.gateway.hub_api import StartEvent
from jmcp.hub.gateway.servers import ServerFailed, Start
from jmcp.hub.platform import own_server
from jmcp.hub.platform.own_server import events_of


def events(parts: list[str]) -> list[tuple[str, dict[str, object]]]:
    found = []
    for part in parts:
        if not part.startswith(":"):
            name, data, *_ = part.splitlines()
            found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


async def test_a_start_is_told_to_its_end() -> None:
    start = Start()
    start.report(StartEvent(percent=10, message="Pulling\nan image"))
    start.report(StartEvent(percent=100, message="Server ready", ready=True))
    start.end(None)
    assert events([part async for part in events_of(start)]) == [
        ("progress", {"percent": 10, "message": "Pulling\nan image"}),
        ("ready", {}),
    ]


async def test_a_start_that_fails_says_why() -> None:
    start = Start()
    start.end(ServerFailed(503, "At capacity", 60))
    assert events([part async for part in events_of(start)]) == [
        ("failed", {"message": "At capacity", "retry_after": 60}),
    ]


async def test_silence_is_filled_and_who_leaves_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own_server, "COMMENT_SECONDS", 0.01)
    start = Start()
    leaving, staying = events_of(start), events_of(start)
    assert await anext(leaving) == ": starting\n\n"
    assert await anext(staying) == ": starting\n\n"
    await leaving.aclose()  # type: ignore[attr-defined] # it is an async generator
    start.report(StartEvent(percent=50, message="half"))
    start.end(None)
    async with asyncio.timeout(5):
        told = events([part async for part in staying])
    assert told == [("progress", {"percent": 50, "message": "half"}), ("ready", {})]
