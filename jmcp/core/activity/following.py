"""Somebody who looks on: what goes on in a server, as it changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any

from jmcp.core.activity.activity import Activity, CurrentNotebook, SessionsSeen, viewer_of
from jmcp.core.activity.calls import RELOAD, UNDER_WAY_SECONDS, moment
from jmcp.core.calls.call import Caller

STATE_SECONDS = 0.25
"""Between two looks at runs and calls under way."""
TICK_SECONDS = 0.5
"""After so many seconds without a finished call it is looked whether runs have changed."""
SESSIONS_SECONDS = 2.0
"""Between two looks at sessions, which ask the store, and at their kernels, which ask Jupyter."""
SOON_SECONDS = 0.1
"""Between two looks at sessions of which it is known that they have changed."""
NAVIGATE = "navigate_to_url"
"""A session has another current notebook; else RELOAD, as in the results of tools."""

Event = tuple[str, dict[str, Any]]


class Following:
    """Somebody who looks on, until `close`.

    The store of sessions and Jupyter are asked in tasks of their own: calls are told at once, however
    long those take to answer.
    """

    def __init__(
        self, activity: Activity, caller: Caller, *, everyone: bool, contents: bool
    ) -> None:
        """Raises not_permitted, session_limit."""
        self._reader = activity.follow(caller, everyone=everyone, contents=contents)
        self._activity = activity
        self._caller = caller
        self._everyone = everyone
        self._owner = None if everyone else caller.owner
        self._began = False
        self._told: dict[str, dict[str, Any]] = {}
        self._current: Mapping[int, CurrentNotebook] = {}
        self._looked = self._looked_at_sessions = self._looked_at_kernels = float("-inf")
        self._sessions: asyncio.Task[SessionsSeen] | None = None
        self._kernels: asyncio.Task[bool] | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing follows, because the server ends."""
        return self._reader.ended

    async def next_events(self, seconds: float) -> list[Event]:
        """What is new, as (name, data); nothing after so many seconds, or at the end.

        The first is `activity`, the snapshot. `sessions`, `runs` and `under_way` replace what was
        told of these before. `call` is one that is over, and `lost` counts those that this reader
        was too slow for. `navigate_to_url` tells of a session that has another current notebook, or
        has it at another path; `reload_iframe` of one that shows it again. Raises StateUnavailable.
        """
        deadline = time.monotonic() + seconds
        if not self._began:
            return [await self._first()]
        while not self.ended:
            rest = deadline - time.monotonic()
            await self._reader.wait(max(0.0, min(self._pause(), rest)))
            if events := self._changes():
                return events
            if rest <= 0:
                break
        return []

    def close(self) -> None:
        self._reader.close()
        for task in (self._sessions, self._kernels):
            if task is not None:
                task.cancel()

    async def _first(self) -> Event:
        await self._activity.look_at_kernels()
        self._reader.sessions_changed = False
        seen = await self._activity.sessions(self._caller, everyone=self._everyone)
        data = self._activity.shown(seen, self._caller, everyone=self._everyone)
        self._began = True
        self._told = {
            "sessions": seen.rows,
            "runs": {name: data[name] for name in ("run_count", "runs")},
        }
        self._current = seen.current
        self._looked_at_sessions = self._looked_at_kernels = time.monotonic()
        return "activity", data

    def _pause(self) -> float:
        """Seconds until there is something to look at, at most."""
        if not self._reader.sessions_changed or self._sessions is not None:
            return TICK_SECONDS
        return min(TICK_SECONDS, self._looked_at_sessions + SOON_SECONDS - time.monotonic())

    def _changes(self) -> list[Event]:
        rows, lost = self._reader.take()
        events: list[Event] = [("lost", {"count": lost})] if lost else []
        events += [("call", row) for row in rows]
        now = time.monotonic()
        if now - self._looked >= STATE_SECONDS:
            self._looked = now
            calls = self._activity.calls.under_way(
                self._owner, viewer=viewer_of(self._caller), after_seconds=UNDER_WAY_SECONDS
            )
            events += self._changed("under_way", {"calls": list(calls)})
            runs = self._activity.runs(self._caller, everyone=self._everyone)
            events += self._changed("runs", runs)
        return events + self._sessions_seen(now, after=events)

    def _sessions_seen(self, now: float, *, after: list[Event]) -> list[Event]:
        """What is new of sessions, in the order of what came before it. A look that failed raises
        when nothing else is lost by that."""
        events: list[Event] = []
        if self._kernels is not None and self._kernels.done():
            self._reader.sessions_changed |= self._kernels.result()
            self._kernels = None
        if self._sessions is not None and self._sessions.done():
            if after and self._sessions.exception() is not None:
                self._reader.wake()
                return []
            seen, self._sessions = self._sessions.result(), None
            events += self._changed("sessions", seen.rows)
            events += self._navigations(seen)
        self._look(now)
        return events

    def _look(self, now: float) -> None:
        if self._kernels is None and now - self._looked_at_kernels >= SESSIONS_SECONDS:
            self._looked_at_kernels = now
            self._kernels = asyncio.create_task(self._activity.look_at_kernels())
            self._kernels.add_done_callback(self._looked_again)
        since = SOON_SECONDS if self._reader.sessions_changed else SESSIONS_SECONDS
        if self._sessions is None and now - self._looked_at_sessions >= since:
            self._looked_at_sessions, self._reader.sessions_changed = now, False
            looking = self._activity.sessions(self._caller, everyone=self._everyone)
            self._sessions = asyncio.create_task(looking)
            self._sessions.add_done_callback(self._looked_again)

    def _looked_again(self, _: object) -> None:
        self._reader.wake()

    def _navigations(self, seen: SessionsSeen) -> Iterator[Event]:
        """Of sessions whose current notebook is another one than was told, and of those that show
        the same one again."""
        before, self._current = self._current, seen.current
        again = self._reader.take_reloads()
        for key, now in seen.current.items():
            if key not in before or before[key].path != now.path:
                yield self._navigation(NAVIGATE, now)
            elif key in again:
                yield self._navigation(RELOAD, now)

    def _navigation(self, action: str, current: CurrentNotebook) -> Event:
        return action, {
            "now": moment(time.time()),
            "session": current.session,
            "session_id": current.session_id,
            "notebook_path": current.path,
            "url": self._activity.lab.url(current.path, alone=True),
            "action": action,
        }

    def _changed(self, name: str, data: dict[str, Any]) -> list[Event]:
        before = self._told.get(name)
        self._told[name] = data
        if data == before or (before is None and not any(data.values())):
            return []
        return [(name, {"now": moment(time.time()), **data})]
