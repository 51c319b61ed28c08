"""Sessions of agents among the users that jupyter-collaboration shows: in its list, and at a notebook.

Who is there, people tell each other by awareness states in rooms. Each session that holds a notebook gets
a state of its own, under a client id of its own, in the room of all pages and in that of the notebook.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from pycrdt import Encoder

from jmcp.core.background import end
from jmcp.core.calls.call import Caller
from jmcp.core.pages.pages import Pages
from jmcp_jupyter.documents.local.rooms.room import NullClient

EVERYBODY = "JupyterLab:globalAwareness"
"""The room of all pages that have jupyter-collaboration."""
NOTEBOOK = "json:notebook:"
RENEW_SECONDS = 5.0
"""y-protocols takes a state for gone that was not renewed for 30 s. And the list of people in JupyterLab is
empty when it is opened, until a state in it changes."""
LOOK_SECONDS = 2.0
"""After so many seconds it is looked for notebooks that people have opened."""
SOON_SECONDS = 0.3
"""After so many seconds those who came meanwhile are told; nobody tells them who was there before."""
LOCAL = "local"
"""What changes with this origin, pycrdt-websocket sends to the clients of the room."""
CLIENT_IDS = 2**32
"""Client ids of Y documents are below that."""
INITIALS = 2

Row = Mapping[str, Any]
States = dict[int, dict[str, Any]]


class Rows(Protocol):
    """Whole lists of sessions (`core.activity.presence`), the last one whenever something changed."""

    def __aiter__(self) -> AsyncIterator[Sequence[Row]]: ...
    def close(self) -> None: ...


class Person(Protocol):
    """Who looks on at sessions."""

    def watch(self, caller: Caller, *, everyone: bool) -> Rows: ...


class Collaborators:
    """Shows sessions in the rooms of one collaboration extension. They count as nobody who has a
    notebook open: a room with no person in it has no state of theirs, and none of theirs asks a room
    to save by itself."""

    def __init__(self, extension: Any) -> None:
        self._extension = extension
        self._ids: dict[str, int] = {}
        self._rooms: dict[str, _Room] = {}
        self._rows: Sequence[Row] = ()
        self._news = asyncio.Event()

    async def run(self, pages: Pages, person: Person, caller: Caller) -> None:
        """Show the sessions of all, until this is cancelled. It looks at none while no page is connected that
        has jupyter-collaboration."""
        while True:
            pages.changed.clear()
            if pages.collaborate:
                rows = person.watch(caller, everyone=True)
                following = asyncio.create_task(self.follow(rows))
                try:
                    while pages.collaborate and not following.done():
                        changed = asyncio.create_task(pages.changed.wait())
                        await asyncio.wait(
                            {changed, following}, return_when=asyncio.FIRST_COMPLETED
                        )
                        changed.cancel()
                        pages.changed.clear()
                finally:
                    rows.close()
                    await end(following)
                if not following.cancelled():
                    following.result()  # raises what it failed with
            await pages.changed.wait()

    async def follow(self, rows: Rows) -> None:
        """Show sessions as they change, until the rows end or this is cancelled; then none."""
        try:
            async with asyncio.TaskGroup() as group:
                showing = group.create_task(self._show_all())
                async for self._rows in rows:
                    self._news.set()
                showing.cancel()
        finally:
            self._rows = ()
            self.show()
            for room in self._rooms.values():
                room.close()
            self._rooms.clear()

    async def _show_all(self) -> None:
        while True:
            self._news.clear()
            self.show()
            await asyncio.sleep(SOON_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._news.wait()

    def show(self) -> None:
        """Have each room's states be those of the sessions as they are now."""
        self._ids = {str(row["key"]): self._id(str(row["key"])) for row in self._rows}
        open_now = self._extension.ywebsocket_server.rooms
        for room_id, known in list(self._rooms.items()):
            if open_now.get(room_id) is not known.room:
                known.close()
                del self._rooms[room_id]
        for room_id, room in list(open_now.items()):
            if room_id == EVERYBODY:
                self._in(room_id, room).set(dict(self._everywhere()))
            elif room_id.startswith(NOTEBOOK) and (self._rows or room_id in self._rooms):
                with suppress(RuntimeError):  # its file is gone
                    self._in(room_id, room).set(dict(self._at(str(room._file.path))))

    def _id(self, key: str) -> int:
        return self._ids.get(key) or secrets.randbelow(CLIENT_IDS - 1) + 1

    def _in(self, room_id: str, room: Any) -> _Room:
        if room_id not in self._rooms:
            self._rooms[room_id] = _Room(room, self._news)
        return self._rooms[room_id]

    def _everywhere(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for row in self._rows:
            paths = [held["path"] for held in row["notebooks"]]
            current = next((held["path"] for held in row["notebooks"] if held["current"]), None)
            state = {"user": _user(row), "documents": paths}
            if current is not None:
                state["current"] = f"notebook:{current}"
            yield self._ids[row["key"]], state

    def _at(self, path: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for row in self._rows:
            if any(held["path"] == path for held in row["notebooks"]):
                # One user who wants autosave is enough for it, and this is none.
                yield self._ids[row["key"]], {"user": _user(row), "autosave": False}


class _Room:
    """The states of sessions in one room, as the room knows them."""

    def __init__(self, room: Any, news: asyncio.Event) -> None:
        self.room = room
        self._news = news
        self._states: States = {}
        self._renewed = float("-inf")
        self._round = 0
        self._others = room.awareness.observe(self._changed)

    def set(self, states: States) -> None:
        """Have these states and no others of sessions, where there are people to see them."""
        if self.room._task_group is None:
            return  # it starts or ends
        states = states if self._people() else {}
        now = asyncio.get_running_loop().time()
        due = now - self._renewed >= RENEW_SECONDS
        news: dict[int, dict[str, Any] | None] = {
            one: state for one, state in states.items() if due or self._states.get(one) != state
        }
        news |= {one: None for one in self._states if one not in states}
        self._states = states
        if due:
            self._renewed = now
            self._round += 1
        if news:
            self.room.awareness.apply_awareness_update(self._update(news), LOCAL)

    def close(self) -> None:
        with suppress(KeyError):
            self.room.awareness.unobserve(self._others)

    def _people(self) -> bool:
        """Whether somebody is connected who tells others that he is there, as jupyter-collaboration's
        pages do."""
        if not any(not isinstance(one, NullClient) for one in self.room.clients):
            return False
        states = self.room.awareness.states
        return any(state for one, state in states.items() if one not in self._states)

    def _changed(self, topic: str, changes: tuple[Mapping[str, Sequence[int]], Any]) -> None:
        """Somebody came, or opened another notebook."""
        if topic != "change" or changes[1] == LOCAL:
            return
        if changes[0]["added"]:
            self._renewed = float("-inf")
        self._news.set()

    def _update(self, states: Mapping[int, Mapping[str, Any] | None]) -> bytes:
        """As y-protocols encodes states: each with a clock that is later than what the room knows."""
        encoder, meta = Encoder(), self.room.awareness.meta
        encoder.write_var_uint(len(states))
        for client_id, state in states.items():
            encoder.write_var_uint(client_id)
            encoder.write_var_uint(meta.get(client_id, {}).get("clock", 0) + 1)
            told = None if state is None else {**state, "round": self._round}
            encoder.write_var_string(json.dumps(told, separators=(",", ":")))
        return bytes(encoder.to_bytes())


def _user(row: Row) -> dict[str, Any]:
    """As `jupyter_server.auth.User` looks in pages."""
    client = row["client"] or "Agent"
    name = f"{client} (agent)" if row["client"] else client
    words = re.findall(r"[^\W_]+", client)
    return {
        "username": f"jmcp-{row['key']}",
        "name": name,
        "display_name": name,
        "initials": "".join(word[0].upper() for word in words[:INITIALS]),
        "color": row["color"],
        "avatar_url": None,
    }
