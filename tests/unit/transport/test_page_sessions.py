"""What a connected page is told of sessions, and what is done for its person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from jmcp.core.calls.call import Caller
from jmcp.core.errors import JmcpError
from jmcp.transport.lab.page_sessions import FAILED, MOST_AT_ONCE, PageSessions

CALLER = Caller(owner="ada", authenticated=True)
PATIENCE_SECONDS = 10
Rows = list[dict[str, Any]]


class FakeRows:
    """The newest list that nobody took yet, as the core gives it."""

    def __init__(self) -> None:
        self.closed = False
        self._newest: Rows = []
        self._news = asyncio.Event()

    def put(self, rows: Rows) -> None:
        self._newest = rows
        self._news.set()

    async def __aiter__(self) -> AsyncIterator[Rows]:
        while not self.closed:
            await self._news.wait()
            self._news.clear()
            yield self._newest

    def close(self) -> None:
        self.closed = True
        self._news.set()


class FakePerson:
    def __init__(self) -> None:
        self.rows = FakeRows()
        self.asked: list[tuple[str, str, str, bool]] = []
        self.error: Exception | None = None
        self.hold = asyncio.Event()
        self.hold.set()

    def watch(self, caller: Caller, *, everyone: bool) -> FakeRows:
        self.asked.append(("watch", caller.owner, "", everyone))
        return self.rows

    async def sessions(self, caller: Caller, *, everyone: bool) -> Rows:
        return [{"key": "k"}]

    async def pause(self, caller: Caller, key: str, *, everyone: bool) -> Mapping[str, Any]:
        return await self._act("pause", caller, key, everyone)

    async def resume(self, caller: Caller, key: str, *, everyone: bool) -> Mapping[str, Any]:
        return await self._act("resume", caller, key, everyone)

    async def undo(self, caller: Caller, key: str, *, everyone: bool) -> Mapping[str, Any]:
        return await self._act("undo", caller, key, everyone)

    async def _act(self, what: str, caller: Caller, key: str, everyone: bool) -> dict[str, Any]:
        await self.hold.wait()
        self.asked.append((what, caller.owner, key, everyone))
        if self.error is not None:
            raise self.error
        return {"key": key}


class Page:
    """What a page was sent; `reads` is whether its connection takes anything."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()

    async def send(self, message: Mapping[str, Any]) -> None:
        await self.reads.wait()
        self.sent.put_nowait(message)

    async def next(self) -> Mapping[str, Any]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.sent.get()


def do(number: int, what: str = "pause", session: object = "k") -> dict[str, Any]:
    return {"type": "do", "id": number, "what": what, "session": session}


def sessions_of(person: FakePerson, page: Page) -> PageSessions:
    return PageSessions(person, CALLER, everyone=False, send=page.send)


async def test_a_page_that_is_slow_gets_the_last_list_alone() -> None:
    person, page = FakePerson(), Page()
    telling = asyncio.create_task(sessions_of(person, page).tell())
    person.rows.put([{"key": "0"}])
    assert (await page.next())["sessions"] == [{"key": "0"}]

    page.reads.clear()
    for number in range(1, 100):
        person.rows.put([{"key": str(number)}])
        await asyncio.sleep(0)
    page.reads.set()
    assert (await page.next())["sessions"] == [{"key": "1"}]  # was on its way
    assert (await page.next())["sessions"] == [{"key": "99"}]
    assert person.asked == [("watch", "ada", "", False)]

    telling.cancel()
    await asyncio.wait({telling})
    assert person.rows.closed


@pytest.mark.parametrize("what", ["pause", "resume", "undo"])
async def test_what_a_person_asks_for_is_done_and_answered(what: str) -> None:
    person, page = FakePerson(), Page()
    sessions_of(person, page).do(do(7, what))
    assert await page.next() == {"type": "done", "id": 7, "result": {"key": "k"}}
    assert person.asked == [(what, "ada", "k", False)]


async def test_a_refusal_is_a_sentence_and_a_fault_says_where_to_look(
    caplog: pytest.LogCaptureFixture,
) -> None:
    person, page = FakePerson(), Page()
    sessions = sessions_of(person, page)
    person.error = JmcpError("It was changed since.")
    sessions.do(do(1, "undo"))
    assert (await page.next())["problem"] == "It was changed since."

    person.error = KeyError("a fault")
    sessions.do(do(2))
    assert (await page.next())["problem"] == FAILED
    assert "a fault" in caplog.text


@pytest.mark.parametrize(
    "nonsense",
    [
        do(1, "shutdown"),
        do(1, session=None),
        do(1, session="k" * 65),
        do(True),
        {"type": "do", "id": "1", "what": "pause", "session": "k"},
        {"type": "do", "id": 1, "what": ["pause"], "session": "k"},
    ],
)
async def test_nonsense_is_refused(nonsense: dict[str, Any]) -> None:
    person, page = FakePerson(), Page()
    with pytest.raises(ValueError, match=r"to do|session"):
        sessions_of(person, page).do(nonsense)
    assert person.asked == []


async def test_a_page_that_asks_for_more_than_a_person_does_is_refused() -> None:
    person, page = FakePerson(), Page()
    sessions = sessions_of(person, page)
    person.hold.clear()
    for number in range(MOST_AT_ONCE):
        sessions.do(do(number))
    with pytest.raises(ValueError, match="too much"):
        sessions.do(do(99))
    person.hold.set()
    for _ in range(MOST_AT_ONCE):
        assert "result" in await page.next()
