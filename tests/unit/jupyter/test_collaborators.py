"""Sessions among the users of jupyter-collaboration, in rooms as they are in a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

from pycrdt import Awareness, Doc, read_message
from pycrdt.websocket import YRoom

from jmcp.core.calls.call import Caller
from jmcp.core.pages.pages import Page, Pages, Way
from jmcp_jupyter.documents.local.rooms.room import NullClient
from jmcp_jupyter.lab.collaborators import EVERYBODY, Collaborators

PATIENCE_SECONDS = 30
CALLER = Caller(owner="ada", authenticated=True)
Row = dict[str, Any]


def row(key: str, *paths: str, client: str | None = "claude-code") -> Row:
    held = [{"path": path, "current": path == paths[0]} for path in paths]
    return {"key": key, "client": client, "color": "#1976d2", "notebooks": held}


class Tab:
    """A tab of somebody with jupyter-collaboration: a client of a room, with an awareness of its own."""

    path = "tab"

    def __init__(self, room: YRoom, **state: Any) -> None:
        self.awareness = Awareness(Doc())
        self.heard = asyncio.Event()
        self._room = room
        cast("set[Any]", room.clients).add(self)
        self._say({"user": {"name": "Grace"}, **state})

    def _say(self, state: dict[str, Any] | None) -> None:
        self.awareness.set_local_state(state)
        update = self.awareness.encode_awareness_update([self.awareness.client_id])
        self._room.awareness.apply_awareness_update(update, self._room)

    async def send(self, message: bytes) -> None:
        self.awareness.apply_awareness_update(read_message(message[1:]), "room")
        self.heard.set()

    def leave(self) -> None:
        cast("set[Any]", self._room.clients).discard(self)
        self._say(None)

    def names(self) -> list[str]:
        """The other users, as its page lists them."""
        states = self.awareness.states
        others = [state for one, state in states.items() if one != self.awareness.client_id]
        return sorted(state["user"]["name"] for state in others if state)

    async def sees(self, *names: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.names() != sorted(names):
                self.heard.clear()
                await self.heard.wait()


class Rows:
    """Lists of sessions as the core gives them."""

    def __init__(self) -> None:
        self.closed = False
        self._lists: asyncio.Queue[Sequence[Row] | None] = asyncio.Queue()

    def put(self, *rows: Row) -> None:
        self._lists.put_nowait(rows)

    async def __aiter__(self) -> AsyncIterator[Sequence[Row]]:
        while (rows := await self._lists.get()) is not None:
            yield rows

    def close(self) -> None:
        self.closed = True
        self._lists.put_nowait(None)


class Looker:
    """The core, which counts who looks on."""

    def __init__(self) -> None:
        self.readers: list[Rows] = []
        self.asked = asyncio.Event()

    def watch(self, caller: Caller, *, everyone: bool) -> Rows:
        assert (caller, everyone) == (CALLER, True)
        self.readers.append(Rows())
        self.asked.set()
        return self.readers[-1]


@asynccontextmanager
async def rooms(**files: str) -> AsyncIterator[dict[str, Any]]:
    """That of all pages, and one for each file."""
    made: dict[str, Any] = {EVERYBODY: YRoom()}
    for name, path in files.items():
        room: Any = YRoom()
        room._file = SimpleNamespace(path=path)
        made[f"json:notebook:{name}"] = room
    async with asyncio.TaskGroup() as group:
        for room in made.values():
            group.create_task(room.start())
            await room.started.wait()
        yield made
        for room in made.values():
            await room.stop()
            room._update_send_stream.close()  # stopping leaves it open


def collaborators(made: dict[str, Any]) -> Collaborators:
    return Collaborators(SimpleNamespace(ywebsocket_server=SimpleNamespace(rooms=made)))


def states(room: YRoom) -> list[dict[str, Any]]:
    return [state for state in room.awareness.states.values() if state]


async def test_each_session_is_a_user_where_its_notebook_is_and_leaves_with_it() -> None:
    async with rooms(a="a.ipynb", b="b.ipynb") as made:
        everywhere = Tab(made[EVERYBODY])
        at_a, at_b = Tab(made["json:notebook:a"]), Tab(made["json:notebook:b"])
        rows = Rows()
        following = asyncio.create_task(collaborators(made).follow(rows))

        rows.put(row("1", "a.ipynb"), row("2", "b.ipynb", "a.ipynb", client="codex"))
        await everywhere.sees("claude-code (agent)", "codex (agent)")
        await at_a.sees("claude-code (agent)", "codex (agent)")
        await at_b.sees("codex (agent)")
        shown = [state for state in states(made[EVERYBODY]) if "documents" in state]
        assert [(state["current"], state["documents"]) for state in shown] == [
            ("notebook:a.ipynb", ["a.ipynb"]),
            ("notebook:b.ipynb", ["b.ipynb", "a.ipynb"]),
        ]
        assert [state["user"]["initials"] for state in shown] == ["CC", "C"]

        rows.put(row("2", "b.ipynb", client="codex"))
        await everywhere.sees("codex (agent)")
        await at_a.sees()

        late = Tab(made[EVERYBODY])
        await late.sees("codex (agent)")  # is told who was there before

        rows.close()
        await following
        await everywhere.sees()
        await at_b.sees()


async def test_a_session_counts_as_nobody_who_has_the_notebook_open() -> None:
    async with rooms(a="a.ipynb") as made:
        everywhere, room = Tab(made[EVERYBODY]), made["json:notebook:a"]
        room.clients.add(NullClient())
        rows = Rows()
        following = asyncio.create_task(collaborators(made).follow(rows))
        rows.put(row("1", "a.ipynb"))
        await everywhere.sees("claude-code (agent)")
        assert states(room) == []  # nobody is there

        grace = Tab(room, autosave=False)
        await grace.sees("claude-code (agent)")
        # As a room decides whether it saves by itself: with nobody who wants that, it does not.
        assert [state.get("autosave", True) for state in states(room)] == [False, False]

        grace.leave()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while states(room):  # noqa: ASYNC110 # nobody is told any more
                await asyncio.sleep(0.05)
        rows.close()
        await following


async def test_nothing_is_looked_at_while_no_page_has_collaboration() -> None:
    def page(way: Way) -> Page:
        return Page(owner="ada", way=way, app="JupyterLab", tell=lambda _: None)

    async with rooms() as made:
        grace = Tab(made[EVERYBODY])
        pages, core = Pages(), Looker()
        running = asyncio.create_task(collaborators(made).run(pages, core, CALLER))
        pages.add(page("jmcp"))
        pages.add(page("file"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert core.readers == []

        with_collaboration = page("collaboration")
        pages.add(with_collaboration)
        await core.asked.wait()
        core.readers[0].put(row("1", "a.ipynb"))
        await grace.sees("claude-code (agent)")

        pages.remove(with_collaboration)
        await grace.sees()
        assert core.readers[0].closed

        core.asked.clear()
        pages.add(page("collaboration"))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await core.asked.wait()
        core.readers[1].put(row("2", "a.ipynb", client="codex"))
        await grace.sees("codex (agent)")
        running.cancel()
        await asyncio.wait({running})


async def test_names_are_text_of_any_kind() -> None:
    async with rooms() as made:
        grace = Tab(made[EVERYBODY])
        rows = Rows()
        following = asyncio.create_task(collaborators(made).follow(rows))
        odd = "<img src=x>\U0001f600 \u202e \x00"
        rows.put(row("1", "a.ipynb", client=odd), row("2", "a.ipynb", client=None))
        await grace.sees("Agent", f"{odd} (agent)")
        rows.close()
        await following
