"""A client in a process of its own that makes one cheap call after the other and times each."""

from __future__ import annotations

import multiprocessing
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.clients.mcp import ModernClient

PERIOD_SECONDS = 0.02
"""Between the starts of two pings, where the first is answered by then."""
ANSWER_SECONDS = 600.0
"""More than any ping takes; after it the server counts as hung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """One call. All in milliseconds.

    `waited` is how long the server's event loop and the pinging client were ready to run and had
    no core, `loop` the CPU time of the thread of the event loop, `process` that of all threads.
    """

    wall: float
    waited: float
    loop: float
    process: float

    @property
    def held(self) -> float:
        """What the call took beside waiting for a core, which other processes take."""
        return max(0.0, self.wall - self.waited)


class PingProcess:
    """Pings `read_cell` of one notebook from `start` to `stop`."""

    def __init__(self, url: str, token: str, pid: int, arguments: dict[str, Any]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, url, token, pid, arguments), daemon=True
        )
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._pipe.close()
        self._process.join(ANSWER_SECONDS)

    def start(self) -> None:
        """Begin; returns when the first ping was answered."""
        self._pipe.send("start")
        self._answer()

    def stop(self) -> list[Ping]:
        """End, when a last ping was answered. Raises RuntimeError if one failed."""
        self._pipe.send("stop")
        found: list[Ping] = self._answer()
        return found

    def _answer(self) -> Any:
        if not self._pipe.poll(ANSWER_SECONDS):
            raise RuntimeError(f"no ping was answered for {ANSWER_SECONDS:.0f} s")
        answer = self._pipe.recv()
        if isinstance(answer, RuntimeError):
            raise answer
        return answer


def _serve(pipe: Pipe, url: str, token: str, pid: int, arguments: dict[str, Any]) -> None:
    """The process: pings between "start" and "stop", until the pipe is closed."""
    with suppress(EOFError):
        while True:
            pipe.recv()
            pings: list[Ping] = []
            try:
                with ModernClient(url, token, seconds=ANSWER_SECONDS) as client:
                    client.call("read_cell", **arguments)
                    pipe.send(None)
                    while True:
                        asked = pipe.poll()  # before the last ping, which the end is part of
                        pings.append(_ping(client, pid, arguments))
                        if asked:
                            break
                        time.sleep(max(0.0, PERIOD_SECONDS - pings[-1].wall / 1000))
                pipe.recv()
                pipe.send(pings)
            except (OSError, RuntimeError) as error:
                pipe.send(RuntimeError(f"a ping failed: {type(error).__name__}: {error}"))


def _ping(client: ModernClient, pid: int, arguments: dict[str, Any]) -> Ping:
    mine, loop, process = _scheduled("self"), _scheduled(pid), _process_cpu(pid)
    began = time.perf_counter()
    client.call("read_cell", **arguments)
    wall = time.perf_counter() - began
    loop_after, mine_after = _scheduled(pid), _scheduled("self")
    return Ping(
        wall=wall * 1000,
        waited=(loop_after[1] - loop[1] + mine_after[1] - mine[1]) / 1e6,
        loop=(loop_after[0] - loop[0]) / 1e6,
        process=(_process_cpu(pid) - process) / 1e6,
    )


def _scheduled(pid: int | str) -> tuple[int, int]:
    """Nanoseconds that the main thread of a process ran, and that it waited for a core (Linux)."""
    ran, waited, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(ran), int(waited)


def _process_cpu(pid: int) -> int:
    """Nanoseconds that all threads of a process ran, as far as they still exist."""
    ran = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            ran += int((thread / "schedstat").read_text().split()[0])
    return ran
