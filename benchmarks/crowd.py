"""Many clients at once, each a thread with a connection and a notebook of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

PATIENCE_SECONDS = 300
"""Longer than everybody together may take to be ready."""


class WrongResult(Exception):
    """An answer that belongs to somebody else, or to nobody."""


class Member(Protocol):
    """One client. Raises WrongResult for a wrong answer, RuntimeError or OSError for an error."""

    def prepare(self) -> None:
        """Whatever comes before the load: its notebook is open and its kernel, if any, is up."""

    def act(self, number: int) -> str:
        """One thing that is measured; returns which kind of thing it was."""


@dataclass(kw_only=True)
class Score:
    """What came of a load: milliseconds by kind, also of what went wrong, and how long it all was."""

    taken: dict[str, list[float]] = field(default_factory=dict)
    wrong: int = 0
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def count(self) -> int:
        return sum(len(one) for one in self.taken.values())

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    @property
    def right(self) -> int:
        return self.count - self.wrong - len(self.errors)

    @property
    def right_per_second(self) -> float:
        return self.right / self.seconds

    @property
    def note(self) -> str:
        told = f"; the first error: {self.errors[0][:80]}" if self.errors else ""
        return f"{self.right} right of {self.count} in {self.seconds:.1f} s{told}"


def prepare(members: Sequence[Member]) -> None:
    """Everybody, as many at once as there are."""
    with ThreadPoolExecutor(len(members)) as pool:
        list(pool.map(lambda member: member.prepare(), members, timeout=PATIENCE_SECONDS))


def load(members: Sequence[Member], seconds: float) -> Score:
    """Everybody acts, over and over, for so long; what was begun is finished."""
    score = Score()
    lock = threading.Lock()
    begin = threading.Barrier(len(members) + 1)
    over = threading.Event()

    def work(member: Member) -> None:
        begin.wait(PATIENCE_SECONDS)
        number = 0
        while not over.is_set():
            _note(score, lock, partial(member.act, number))
            number += 1

    with ThreadPoolExecutor(len(members)) as pool:
        futures = [pool.submit(work, member) for member in members]
        begin.wait(PATIENCE_SECONDS)
        began = time.perf_counter()
        over.wait(seconds)
        over.set()
        for future in futures:
            future.result(PATIENCE_SECONDS)
        score.seconds = time.perf_counter() - began
    return score


def _note(score: Score, lock: threading.Lock, act: Callable[[], str]) -> None:
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
        score.taken.setdefault(kind, []).append(taken)
        score.wrong += wrong
        if error:
            score.errors.append(error)
