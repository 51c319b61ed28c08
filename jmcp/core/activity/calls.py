"""The calls under way and the last ones of each owner, and those who follow them."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jmcp.core.observe.audit import bounded
from jmcp.core.observe.events import CallEvent, SessionEvent

KEPT_CALLS = 100
"""Finished calls that are kept of each owner, without arguments and results."""
KEPT_OWNERS = 200
"""Owners of whom calls are kept: those who called last."""
KEPT_SESSIONS = 5000
"""Sessions of which the last call is kept."""
READER_CALLS = 500
"""Calls that wait for a reader who is slow; of more, the oldest are lost to it."""
READER_CHARACTERS = 2_000_000
"""Characters of arguments and results that wait for a reader, about as many bytes."""
CONTENT_CHARACTERS = 20_000
"""Characters of a call's arguments that a reader gets, and as many of its result."""
CELL_ID_CHARACTERS = 64
"""Longest id of a cell (nbformat)."""
CELL_INDEX = 2**31
"""No cell has such an index; a client may have asked for it."""
RELOAD = "reload_iframe"
"""The action of a result that shows the notebook which was the session's current one already."""
UNDER_WAY_SECONDS = 0.3
"""A call is shown as under way after so many seconds: most are over before."""
RUNNING = "running"
"""The outcome of a call that is under way."""
OWN_TOOL = "list_activity"
"""Whoever looks on is not shown."""

Row = dict[str, Any]


def moment(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks on. `sees_ids`: it gets the ids of its own sessions."""

    owner: str
    sees_ids: bool

    def id_of(self, owner: str, session_id: str | None) -> str | None:
        """The id of that owner's session, if it may have it."""
        return session_id if self.sees_ids and owner == self.owner else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedCall:
    """A call that is over. `session` is masked, `began` in seconds since the epoch; `session_id` and
    the cell are for its owner alone. `edited` is the cell that it changed last."""

    number: int
    tool: str
    owner: str
    session: str | None
    session_key: int | None
    session_id: str | None
    client: str | None
    notebook_path: str | None
    cell_id: str | None
    cell_index: int | None
    edited: str | None
    began: float
    seconds: float
    outcome: str

    def row(self, viewer: Viewer) -> Row:
        """As clients have it."""
        mine = viewer.owner == self.owner
        return {
            "call": self.number,
            "tool": self.tool,
            "owner": self.owner,
            "session": self.session,
            "session_id": viewer.id_of(self.owner, self.session_id),
            "client": self.client,
            "notebook_path": self.notebook_path,
            "cell_id": self.cell_id if mine else None,
            "cell_index": self.cell_index if mine else None,
            "began": moment(self.began),
            "seconds": round(self.seconds, 3),
            "outcome": self.outcome,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCall:
    """The last call of a session: the tool, and the name that the client gave itself."""

    tool: str
    client: str | None


class CallFeed:
    """An observer of calls. It keeps no arguments and no results: those go only to readers of the
    call's own owner who asked for them."""

    def __init__(self) -> None:
        self.closed = False
        self._numbers = itertools.count(1)
        self._under_way: dict[int, tuple[int, CallEvent]] = {}
        self._finished: OrderedDict[str, deque[FinishedCall]] = OrderedDict()
        self._last: OrderedDict[int, LastCall] = OrderedDict()
        self._readers: set[CallReader] = set()
        self.on_change: Callable[[str], None] | None = None
        """Is told of the owner whose call ended, or whose sessions changed, while anybody shows them."""

    # -- of the server ---------------------------------------------------------------------------

    def on_call_began(self, call: CallEvent) -> None:
        self._under_way[id(call)] = next(self._numbers), call

    def on_call(self, call: CallEvent) -> None:
        number, _ = self._under_way.pop(id(call), (0, call))
        if not number or call.tool == OWN_TOOL:
            return
        cell_id, cell_index = _cell(call)
        done = FinishedCall(
            number=number,
            tool=call.tool,
            owner=call.owner,
            session=call.session,
            session_key=call.session_key,
            session_id=call.session_id,
            client=call.client,
            notebook_path=call.notebook_path,
            cell_id=cell_id,
            cell_index=cell_index,
            edited=call.edited,
            began=call.began,
            seconds=call.seconds,
            outcome=call.outcome,
        )
        self._calls_of(call.owner).append(done)
        if call.session_key is not None:
            self._last[call.session_key] = LastCall(tool=call.tool, client=call.client)
            self._last.move_to_end(call.session_key)
            if len(self._last) > KEPT_SESSIONS:
                self._last.popitem(last=False)
        for reader in self._readers:
            reader.tell(done, call)
        if self.on_change is not None:
            self.on_change(call.owner)

    def on_session_event(self, event: SessionEvent) -> None:
        """Sessions are looked at as they are: who follows them looks now."""
        for reader in self._readers:
            reader.tell_sessions(event.owner)
        if self.on_change is not None:
            self.on_change(event.owner)

    def close(self) -> None:
        """End all readers, because the server ends."""
        self.closed = True
        for reader in self._readers:
            reader.end()

    # -- of those who look on --------------------------------------------------------------------

    def read(self, viewer: Viewer, *, everyone: bool, contents: bool) -> CallReader:
        """A reader of what is over from now on. Close it."""
        return CallReader(self, viewer, everyone=everyone, contents=contents)

    def readers(self, owner: str) -> int:
        """How many readers that owner has."""
        return sum(reader.viewer.owner == owner for reader in self._readers)

    def last(self, session_key: int) -> LastCall | None:
        """The last call of the session with that `CallEvent.session_key`, if it is known."""
        return self._last.get(session_key)

    def of_session(self, owner: str, session_key: int) -> list[FinishedCall]:
        """The last calls of that owner's session, by its `CallEvent.session_key`, the last one
        first."""
        kept = self._finished.get(owner, ())
        return [call for call in reversed(kept) if call.session_key == session_key]

    def under_way_in(self, session_key: int) -> list[CallEvent]:
        """The calls of that session that have gone on for UNDER_WAY_SECONDS, the oldest last."""
        since = time.time() - UNDER_WAY_SECONDS
        found = [call for _, call in self._under_way.values() if call.session_key == session_key]
        return [call for call in reversed(found) if call.began <= since]

    def under_way(
        self, owner: str | None, *, viewer: Viewer, after_seconds: float = 0
    ) -> Iterator[Row]:
        """The calls of that owner, or of all, that have gone on for so long, the oldest first."""
        now = time.time()
        for number, call in self._under_way.values():
            mine = owner in (None, call.owner) and call.tool != OWN_TOOL
            if mine and now - call.began >= after_seconds:
                cell_id, cell_index = _cell(call) if call.owner == viewer.owner else (None, None)
                yield {
                    "call": number,
                    "tool": call.tool,
                    "owner": call.owner,
                    "session": call.session,
                    "session_id": viewer.id_of(call.owner, call.session_id),
                    "client": call.client,
                    "notebook_path": call.notebook_path,
                    "cell_id": cell_id,
                    "cell_index": cell_index,
                    "began": moment(call.began),
                    "seconds": None,
                    "outcome": RUNNING,
                }

    def finished(self, owner: str | None, count: int) -> Sequence[FinishedCall]:
        """The last calls of that owner, or of all, the last one first."""
        kept = self._finished.values() if owner is None else [self._finished.get(owner, ())]
        found = sorted(itertools.chain(*kept), key=lambda call: call.began + call.seconds)
        return found[: -count - 1 : -1]

    def _calls_of(self, owner: str) -> deque[FinishedCall]:
        calls = self._finished.get(owner)
        if calls is None:
            calls = self._finished[owner] = deque(maxlen=KEPT_CALLS)
            if len(self._finished) > KEPT_OWNERS:
                self._finished.popitem(last=False)
        else:
            self._finished.move_to_end(owner)
        return calls

    def add(self, reader: CallReader) -> None:
        self._readers.add(reader)

    def discard(self, reader: CallReader) -> None:
        self._readers.discard(reader)


class CallReader:
    """Whoever follows the calls of one owner, or of everyone. Arguments, results and the messages
    of errors it gets of its own owner's calls alone, and with `contents` only.

    What it does not take in time is bounded: the oldest are dropped, and counted.
    """

    def __init__(self, feed: CallFeed, viewer: Viewer, *, everyone: bool, contents: bool) -> None:
        self.viewer = viewer
        self.ended = feed.closed
        self.sessions_changed = False
        """Whether a session was opened, ended, or shows another notebook or the same one again,
        since this was last set to False."""
        self._feed = feed
        self._everyone = everyone
        self._contents = contents
        self._rows: deque[tuple[Row, int]] = deque()
        self._reloads: dict[int, None] = {}
        self._characters = 0
        self._lost = 0
        self._news = asyncio.Event()
        feed.add(self)

    def tell(self, done: FinishedCall, call: CallEvent) -> None:
        """That call is over. Never waits."""
        mine = done.owner == self.viewer.owner
        if not (mine or self._everyone):
            return
        row, size = done.row(self.viewer), 0
        if mine and self._contents:
            row |= contents(call)
            size = sum(len(str(row[name])) for name in ("arguments", "result", "error"))
        self._rows.append((row, size))
        self._characters += size
        while len(self._rows) > READER_CALLS or self._characters > READER_CHARACTERS:
            _, dropped = self._rows.popleft()
            self._characters -= dropped
            self._lost += 1
        if call.session_key is not None and call.result and call.result.get("action") == RELOAD:
            self._reloads[call.session_key] = None
            self.sessions_changed = True
        self._news.set()

    def tell_sessions(self, owner: str) -> None:
        """Something is another way with the sessions of that owner. Never waits."""
        if owner == self.viewer.owner or self._everyone:
            self.sessions_changed = True
            self._news.set()

    def wake(self) -> None:
        """Whoever waits for rows has something else to do."""
        self._news.set()

    def end(self) -> None:
        """Nothing follows any more."""
        self.ended = True
        self._news.set()

    async def wait(self, seconds: float) -> None:
        """Returns when there are rows to take or sessions to look at, when it was woken or ended, or
        after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    def take(self) -> tuple[list[Row], int]:
        """The calls since the last time, and how many were lost before them."""
        rows, lost = [row for row, _ in self._rows], self._lost
        self._rows.clear()
        self._characters = self._lost = 0
        if not self.ended:
            self._news.clear()
        return rows, lost

    def take_reloads(self) -> list[int]:
        """The sessions, by `CallEvent.session_key`, of whose current notebook a tool said since the
        last time that a page which shows it loads it again."""
        reloads = list(self._reloads)
        self._reloads.clear()
        return reloads

    def close(self) -> None:
        self._feed.discard(self)


def _cell(call: CallEvent) -> tuple[str | None, int | None]:
    """The one cell that a call was about: as its result says, else as it was asked for."""
    about = call.result if call.result and "cell_id" in call.result else call.arguments
    cell_id, cell_index = about.get("cell_id"), about.get("cell_index")
    return (
        cell_id if isinstance(cell_id, str) and len(cell_id) <= CELL_ID_CHARACTERS else None,
        cell_index if type(cell_index) is int and 0 <= cell_index <= CELL_INDEX else None,
    )


def contents(call: CallEvent) -> Row:
    """What a call carried, cut, with session ids masked; `error` is the message of one that failed."""
    result: Mapping[str, Any] | None = call.result
    return {
        "arguments": bounded(call.arguments, CONTENT_CHARACTERS),
        "result": None if result is None else bounded(result, CONTENT_CHARACTERS),
        "error": call.error and call.error[:CONTENT_CHARACTERS],
    }
