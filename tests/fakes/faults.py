"""Where the awaits of the fakes fail."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(kw_only=True)
class Hold:
    """Whoever reaches the point waits there. `reached` is set once somebody does; `error` is raised
    once it is released."""

    error: BaseException | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        self.released.set()

    async def wait(self) -> None:
        self.reached.set()
        await self.released.wait()
        if self.error is not None:
            raise self.error


class Faults:
    """The points that awaits of the fakes pass, and what happens at them.

    A method such as `documents.open` passes two: `documents.open` before it does anything, and
    `documents.open done` when it is done and its caller does not know yet. At each the event loop
    gives others a turn, as a real await does. `reached` lists the points in order: a test runs a
    call once to learn them, and then once more for each, failing there.
    """

    def __init__(self) -> None:
        self.reached: list[str] = []
        self._counts: Counter[str] = Counter()
        self._errors: dict[tuple[str, int], BaseException] = {}
        self._cancellations: set[tuple[str, int]] = set()
        self._holds: dict[tuple[str, int], Hold] = {}
        self._step: tuple[int, BaseException | Hold | None] | None = None

    def fail(self, point: str, error: BaseException, *, nth: int = 1) -> None:
        """Raise at that point, the `nth` time from now that it is reached."""
        self._errors[point, self._counts[point] + nth] = error

    def cancel(self, point: str, *, nth: int = 1) -> None:
        """Cancel the task that reaches that point."""
        self._cancellations.add((point, self._counts[point] + nth))

    def hold(self, point: str, *, nth: int = 1) -> Hold:
        """Keep whoever reaches that point waiting there."""
        hold = self._holds[point, self._counts[point] + nth] = Hold()
        return hold

    def fail_step(self, number: int, error: BaseException | None) -> None:
        """Raise at the point with that number from now, whatever its name; None cancels."""
        self._step = len(self.reached) + number, error

    def hold_step(self, number: int) -> Hold:
        """Keep whoever reaches the point with that number from now waiting there."""
        hold = Hold()
        self._step = len(self.reached) + number, hold
        return hold

    async def pass_point(self, point: str) -> None:
        number = len(self.reached)
        self.reached.append(point)
        self._counts[point] += 1
        key = point, self._counts[point]
        await asyncio.sleep(0)
        if hold := self._holds.pop(key, None):
            await hold.wait()
        if self._step is not None and self._step[0] == number:
            found = self._step[1]
            if found is None:
                await _cancelled()
            elif isinstance(found, Hold):
                await found.wait()
            else:
                raise found
        if key in self._cancellations:
            await _cancelled()
        if error := self._errors.pop(key, None):
            raise error


class HasFaults(Protocol):
    @property
    def faults(self) -> Faults: ...


S = TypeVar("S", bound=HasFaults)
Method = Callable[Concatenate[S, P], Coroutine[Any, Any, R]]


def passes(point: str) -> Callable[[Method[S, P, R]], Method[S, P, R]]:
    """A method of a fake whose awaits are at that point."""

    def decorate(method: Method[S, P, R]) -> Method[S, P, R]:
        @wraps(method)
        async def run(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
            await self.faults.pass_point(point)
            result = await method(self, *args, **kwargs)
            await self.faults.pass_point(f"{point} done")
            return result

        return run

    return decorate


async def _cancelled() -> None:
    """As if whoever waits for this task had cancelled it here."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)
