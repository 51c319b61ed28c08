"""What a page sees of the sessions of agents, and what its person does with them there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Protocol

from jmcp.core.calls.call import Caller
from jmcp.core.errors import JmcpError
from jmcp.core.pages.pages import Message

MOST_AT_ONCE = 16
"""Things that a page may have done at a time: a person clicks one button after the other."""
KEY_CHARACTERS = 64
ACTIONS = ("pause", "resume", "undo", "sessions")
FAILED = "jmcp could not do that; Jupyter's log says why."

log = logging.getLogger("jmcp")


class Rows(Protocol):
    """Whole lists of sessions, the last one whenever something changed."""

    def __aiter__(self) -> AsyncIterator[list[dict[str, Any]]]: ...
    def close(self) -> None: ...


class Person(Protocol):
    """What people see of sessions and do with them. Each refusal is a JmcpError for that person."""

    def watch(self, caller: Caller, *, everyone: bool) -> Rows: ...
    async def sessions(self, caller: Caller, *, everyone: bool) -> list[dict[str, Any]]: ...
    async def pause(self, caller: Caller, key: str, *, everyone: bool) -> Mapping[str, Any]: ...
    async def resume(self, caller: Caller, key: str, *, everyone: bool) -> Mapping[str, Any]: ...
    async def undo(self, caller: Caller, key: str, *, everyone: bool) -> Mapping[str, Any]: ...


class PageSessions:
    """The sessions of one connected page.

    `send` returns once the page's connection took the message: a page that is slow gets the last list
    and no others, and what waits for it is one message of a kind.
    """

    def __init__(
        self,
        person: Person,
        caller: Caller,
        *,
        everyone: bool,
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        self._person = person
        self._caller = caller
        self._everyone = everyone
        self._send = send
        self._doing: set[asyncio.Task[None]] = set()

    async def tell(self) -> None:
        """Tell the page of the sessions as they change, until the server ends or this is cancelled."""
        rows = self._person.watch(self._caller, everyone=self._everyone)
        try:
            async for sessions in rows:
                await self._send({"type": "sessions", "sessions": sessions})
        finally:
            rows.close()

    def do(self, message: Message) -> None:
        """Do what the person asks for, and answer. It is done to its end when the page goes meanwhile.

        Raises ValueError for what is no message of that kind, and for more than people ask for at once.
        """
        number, what, key = message["id"], message["what"], message.get("session")
        if type(number) is not int or what not in ACTIONS:
            raise ValueError("nothing to do")
        if what != "sessions" and not (isinstance(key, str) and len(key) <= KEY_CHARACTERS):
            raise ValueError("no session")
        if len(self._doing) >= MOST_AT_ONCE:
            raise ValueError("too much")
        task = asyncio.create_task(self._done(number, what, str(key)))
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)

    async def _done(self, number: int, what: str, key: str) -> None:
        answer: dict[str, Any] = {"type": "done", "id": number}
        try:
            answer["result"] = await self._act(what, key)
        except JmcpError as refusal:
            answer["problem"] = str(refusal)
        except Exception:
            log.exception("A page's person asked for %s, which failed", what)
            answer["problem"] = FAILED
        await self._send(answer)

    async def _act(self, what: str, key: str) -> Any:
        if what == "sessions":
            return await self._person.sessions(self._caller, everyone=self._everyone)
        action = {
            "pause": self._person.pause,
            "resume": self._person.resume,
            "undo": self._person.undo,
        }[what]
        return await action(self._caller, key, everyone=self._everyone)
