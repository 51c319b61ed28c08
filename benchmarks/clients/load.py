"""A load of many clients at once, each a thread with a connection and a notebook of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

PATIENCE_SECONDS = 300
"""Longer than all clients together may take to be ready."""


class WrongResult(Exception):
    """An answer that belongs to another client, or to none."""


class LoadClient(Protocol):
    """One client. Raises WrongResult for a wrong answer, RuntimeError or OSError for an error."""

    def prepare(self) -> None:
        """What comes before the load: its notebook is open and its kernel, if any, is up."""

    def act(self, number: int) -> str:
        """The measured call with that number; returns which kind of call it was."""


@dataclass(kw_only=True)
class LoadResult:
    """What came of a load."""

    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    """By kind of call, failed ones included."""

    wrong: int = 0
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0
    """Of the whole load."""

    @property
    def count(self) -> int:
        return sum(len(one) for one in self.milliseconds.values())

    @property
    def right(self) -> int:
        return self.count - self.wrong - len(self.errors)

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    @property
    def right_per_second(self) -> float:
        return self.right / self.seconds

    @property
    def note(self) -> str:
        first = f"; the first error: {self.errors[0][:80]}" if self.errors else ""
        return f"{self.right} right of {self.count} in {self.seconds:.1f} s{first}"


def prepare(clients: Sequence[LoadClient]) -> None:
    """All clients at once."""
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(lambda client: client.prepare(), clients, timeout=PATIENCE_SECONDS))


def load(clients: Sequence[LoadClient], seconds: float, calls: int | None = None) -> LoadResult:
    """Every client makes calls, one after the other, for so long or, with `calls`, at most so many;
    what was begun is finished."""
    result = LoadResult()
    lock = threading.Lock()
    begin = threading.Barrier(len(clients) + 1)
    over = threading.Event()

    def work(client: LoadClient) -> None:
        begin.wait(PATIENCE_SECONDS)
        number = 0
        while not over.is_set() and number != calls:
            _record(result, lock, partial(client.act, number))
            number += 1

    with ThreadPoolExecutor(len(clients)) as pool:
        futures = [pool.submit(work, client) for client in clients]
        begin.wait(PATIENCE_SECONDS)
        began = time.perf_counter()
        wait(futures, seconds)
        over.set()
        for future in futures:
            future.result(PATIENCE_SECONDS)
        result.seconds = time.perf_counter() - began
    return result


def _record(result: LoadResult, lock: threading.Lock, act: Callable[[], str]) -> None:
    began = time.perf_counter()
    kind, wrong, error = "failed", False, ""
    try:
        kind = act()
    except WrongResult:
        kind, wrong = "wrong", True
    except (RuntimeError, OSError) as reason:
        error = str(reason) or type(reason).__name__
    taken = (time.perf_counter() - began) * 1000
    with lock:
        result.milliseconds.setdefault(kind, []).append(taken)
        result.wrong += wrong
        if error:
            result.errors.append(error)
