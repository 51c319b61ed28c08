"""What the gateway adds to a call, beside the same call without it, in turns."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks import limits
from benchmarks.clients.mcp import ModernClient
from benchmarks.cpu.clock import cpu_seconds
from benchmarks.figures import Figure, spread
from benchmarks.hub.platform import Platform

CALLS = 500
QUIET_CALLS = 6
QUIET_SECONDS = 2.5
"""After so long without an answer of a server the gateway asks whether it lives, before a change."""
SESSIONS = 8
"""They take turns: one session may make 100 calls a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Milliseconds of calls through the gateway and of the same without it, and the gateway's CPU."""

    through: list[float]
    without: list[float]
    cpu: float

    @property
    def added(self) -> float:
        return statistics.median(self.through) - statistics.median(self.without)

    @property
    def note(self) -> str:
        return f"through it {spread(self.through)}; without it {spread(self.without)}"


def sessions(client: ModernClient) -> Iterator[tuple[str, str]]:
    """Sessions of one notebook, over and over, each with the id of a cell."""
    path = {"notebook_path": "calls.ipynb"}
    first = client.call("use_notebook", mode="create", **path)["session_id"]
    cell = client.call(
        "insert_cell", session_id=first, cell_index=0, cell_type="code", cell_source="1"
    )["cell_id"]
    others = [client.call("use_notebook", **path)["session_id"] for _ in range(SESSIONS - 1)]
    return itertools.cycle([(str(one), str(cell)) for one in (first, *others)])


def compared(
    through: Callable[[], object], without: Callable[[], object], pid: int, calls: int, pause: float
) -> Compared:
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(5):
        through()
        without()
    began = cpu_seconds(pid)
    for _ in range(calls):
        for action, times in zip((through, without), taken, strict=True):
            time.sleep(pause)
            start = time.perf_counter()
            action()
            times.append((time.perf_counter() - start) * 1000)
    cpu = (cpu_seconds(pid) - began) / calls * 1000
    return Compared(through=taken[0], without=taken[1], cpu=cpu)


def added(platform: Platform, name: str, token: str) -> Sequence[Figure]:
    with (
        platform.through_gateway(token) as through,
        platform.through_proxy(name, token) as without,
    ):
        turns = sessions(through)
        pid = platform.gateway_pid()

        def read(client: ModernClient) -> object:
            session, cell = next(turns)
            return client.call("read_cell", session_id=session, cell_id=cell)

        def change(client: ModernClient) -> object:
            client.reconnect()  # the proxy closes what was idle for seconds
            session, cell = next(turns)
            return client.call(
                "overwrite_cell_source",
                session_id=session,
                cell_id=cell,
                cell_source=str(time.time()),
                force=True,
            )

        proxy = cpu_seconds(platform.proxy_pid())
        reads = compared(lambda: read(through), lambda: read(without), pid, CALLS, 0)
        # Of three passes: two of the call through the gateway, and one of that without it.
        proxy = (cpu_seconds(platform.proxy_pid()) - proxy) / (3 * CALLS) * 1000
        changes = compared(
            lambda: change(through), lambda: change(without), pid, QUIET_CALLS, QUIET_SECONDS
        )
    return [
        Figure(
            name="the gateway adds to a call",
            value=reads.added,
            unit="ms",
            limit=limits.GATEWAY_ADDS,
            note=reads.note,
        ),
        Figure(name="CPU of the gateway for a call", value=reads.cpu, unit="ms"),
        Figure(
            name="CPU of the Hub's proxy for each pass of a call",
            value=proxy,
            unit="ms",
            note="a call through the gateway passes it twice",
        ),
        Figure(
            name="the gateway adds to a change after some quiet",
            value=changes.added,
            unit="ms",
            note=f"it asks first whether the server lives; {changes.note}",
        ),
    ]
