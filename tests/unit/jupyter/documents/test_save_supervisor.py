"""When a live notebook is saved, and that errors nobody expected do not end it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from jmcp.core import background
from jmcp_jupyter.documents.live.save_supervisor import SaveSupervisor

SECONDS = 10


class Held:
    """Counts who holds a room."""

    def __init__(self) -> None:
        self.holds = 0
        self.free = asyncio.Event()

    def hold(self) -> None:
        self.holds += 1

    def release(self) -> None:
        self.holds -= 1
        self.free.set()


class Supervisor(SaveSupervisor):
    """Of a document that is a number; `errors` are raised by the next writes."""

    def __init__(self, held: Held) -> None:
        self.version = 0
        self.errors: list[BaseException] = []
        super().__init__(held, 0.0, logging.getLogger("jmcp"))

    @property
    def _version(self) -> int:
        return self.version

    async def _write(self) -> bool:
        if self.errors:
            raise self.errors.pop()
        self._saved(self.version)
        return True

    def edit(self) -> None:
        self.version += 1
        self.edited()


class Panic(BaseException):
    """As PyO3's PanicException."""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.0)


@pytest.mark.parametrize("error", [ValueError("a bug"), Panic("a native bug")], ids=repr)
async def test_what_failed_is_saved_by_the_next_attempt(error: BaseException) -> None:
    held = Held()
    supervisor = Supervisor(held)
    supervisor.errors = [error]
    supervisor.edit()
    assert held.holds == 1
    await asyncio.wait_for(held.free.wait(), SECONDS)
    assert (supervisor.state, held.holds) == ("saved", 0)


async def test_it_ends_when_its_last_save_fails() -> None:
    held = Held()
    supervisor = Supervisor(held)
    supervisor.edit()
    supervisor.errors = [ValueError("a bug")]
    await supervisor.close()
    assert supervisor.state == "failed"
    assert "ValueError" in (supervisor.problem or "")
    await asyncio.wait_for(held.free.wait(), SECONDS)
    assert held.holds == 0
