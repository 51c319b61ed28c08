"""While one client's hostile input is processed, the calls of another one are answered soon.

What another call waits for is measured in CPU time of the server's event loop, because a test shares
its machine. `make bench ARGS=hostile` measures with a clock, and more inputs.
"""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.agent import Agent, connected_agent, write
from tests.served import Served
from tests.thorough import THOROUGH, amount

LOOP_SECONDS = 0.25 if not THOROUGH else 0.4
"""Of the event loop's CPU time between a request and its answer. It was seconds for each of these
inputs; now it is less than half of this on a machine that is busy with other things."""
PAUSE_SECONDS = 0.01
REQUEST_SECONDS = 60
CHARACTERS = amount(fast=10_000_000, all=50_000_000)
LINES = "".join(f"value_{number} = {number * 7919 % 1000}\n" for number in range(5_000))
SHIFTED = "".join(f"value_{number} = {number * 7919 % 1000}\n" for number in range(2_500, 7_500))

Act = Callable[[Agent], Awaitable[object]]


async def overwrite(agent: Agent, before: str, after: str) -> None:
    for source in (before, after, before):
        await agent.call("overwrite_cell_source", cell_index=0, cell_source=source)


async def run(agent: Agent, code: str) -> None:
    await agent.run(code)
    await agent.call("read_cell", cell_index=1)
    await agent.call("delete_cell", cell_indices=[1])


async def unknown(agent: Agent) -> None:
    arguments = {f"argument_{number}": number for number in range(100_000)}
    assert await agent.refused("read_cell", cell_index=0, **arguments) == "invalid_arguments"


async def nested(agent: Agent) -> None:
    lists: list[Any] = [[]] * 300_000
    assert await agent.refused("delete_cell", cell_indices=lists) == "invalid_arguments"


async def multiplied(agent: Agent) -> None:
    await agent.call("overwrite_cell_source", cell_index=0, cell_source="a" * 40_000)
    text = {"old_string": "a", "new_string": "b" * 10_000}
    answer = await agent.ask("edit_cell_source", cell_index=0, replace_all=True, **text)
    assert answer.error is not None


INPUTS: dict[str, Act] = {
    "unknown arguments": unknown,
    "many lists": nested,
    "equal lines": lambda agent: overwrite(agent, "x = 1\n" * 990, "x = 1\n" * 400 + "y\n" * 990),
    "two large sources": lambda agent: overwrite(agent, LINES[:99_000], SHIFTED[:99_000]),
    "a replacement that multiplies": multiplied,
    "backspaces": lambda agent: run(
        agent, f"print(('x' * 100 + '\\b' * 50) * {CHARACTERS // 150})"
    ),
    "control sequences": lambda agent: run(agent, f"print('\\x1b[31mx' * {CHARACTERS // 6})"),
    "a long exception": lambda agent: run(agent, f"raise ValueError('x' * {CHARACTERS})"),
    "many outputs": lambda agent: run(agent, "for n in range(3_000): display(n)"),
}


class Pings(threading.Thread):
    """Calls read_cell over and over; `longest` is the most CPU time of the server's event loop in
    seconds that one call took."""

    def __init__(self, served: Served, session_id: str) -> None:
        super().__init__(daemon=True)
        self.longest = 0.0
        self.error: Exception | None = None
        self.over = threading.Event()
        self._pid = served.process.pid
        self._request = urllib.request.Request(  # it is http
            f"{served.url}jmcp/v1/sessions/{session_id}/cells/at/0", headers=served.headers
        )

    def run(self) -> None:
        try:
            while not self.over.wait(PAUSE_SECONDS):
                before = self._loop_seconds()
                with urllib.request.urlopen(self._request, timeout=REQUEST_SECONDS) as answer:
                    json.load(answer)
                self.longest = max(self.longest, self._loop_seconds() - before)
        except (OSError, ValueError) as error:
            self.error = error

    def _loop_seconds(self) -> float:
        """CPU time of the process's first thread, which has the event loop."""
        nanoseconds = Path(f"/proc/{self._pid}/schedstat").read_text().split()[0]
        return int(nanoseconds) / 1e9


@contextmanager
def pinging(served: Served, session_id: str) -> Iterator[Pings]:
    pings = Pings(served, session_id)
    pings.start()
    try:
        yield pings
    finally:
        pings.over.set()
        pings.join(REQUEST_SECONDS)
    assert pings.error is None


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="needs Linux")
async def test_others_are_answered_soon(served: Served) -> None:
    write(served, "pinged.ipynb", "1")
    write(served, "hostile.ipynb", "1")
    async with connected_agent(served) as other, connected_agent(served) as agent:
        await other.open("pinged.ipynb")
        await agent.open("hostile.ipynb")
        await agent.run("1")
        assert other.session_id is not None
        longest = {}
        for name, act in INPUTS.items():
            await asyncio.sleep(0)
            with pinging(served, other.session_id) as pings:
                await act(agent)
            longest[name] = pings.longest
    assert {name: seconds for name, seconds in longest.items() if seconds > LOOP_SECONDS} == {}
