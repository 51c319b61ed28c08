"""What people do in their pages with the sessions of agents. No tool and no route leads here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from jmcp.core.activity.presence import Presence, PresenceReader, Row, public_key
from jmcp.core.calls.call import Caller
from jmcp.core.errors import BackendError, StateUnavailable, ToolError
from jmcp.core.notices import UndoneByPerson
from jmcp.core.observe.events import session_key
from jmcp.core.person.undo import PersonError, TakenBack, take_back
from jmcp.core.sessions.notices.result_notices import ResultNotices
from jmcp.core.sessions.records import Pause, SessionRecord
from jmcp.core.sessions.services import Services


class PersonActions:
    """Sessions as a person sees them, paused, resumed, and their last changes taken back.

    `caller` is the person: who logged in to the page. With `everyone`, which takes the scope `admin`,
    the sessions are those of all owners, else the person's own. `key` is `presence.public_key`. Every
    refusal is a PersonError.
    """

    def __init__(self, services: Services, presence: Presence) -> None:
        self._services = services
        self._presence = presence

    async def sessions(self, caller: Caller, *, everyone: bool = False) -> list[Row]:
        """The sessions that work in notebooks, once."""
        with self._refused():
            return await self._presence.sessions(caller, everyone=everyone)

    def watch(self, caller: Caller, *, everyone: bool = False) -> PresenceReader:
        """The same, and again whenever something changes."""
        with self._refused():
            return self._presence.watch(caller, everyone=everyone)

    async def pause(self, caller: Caller, key: str, *, everyone: bool = False) -> dict[str, Any]:
        """Have nothing changed in that session until it is resumed, nor in the others of the same
        client that work in one of its notebooks. What runs goes on; what waits for its turn does not
        begin. Idempotent."""
        with self._refused():
            record, others = await self._session(caller, key, everyone=everyone)
            pause = record.paused or Pause(
                at=self._services.sessions.now(), client=self._client(record)
            )
            for one in (record, *self._beside(record, others, pause)):
                await self._pause(one, pause)
        return {"key": key, "paused": True}

    async def resume(self, caller: Caller, key: str, *, everyone: bool = False) -> dict[str, Any]:
        """End the pause of that session, and of those that were paused with it. Idempotent."""
        with self._refused():
            record, others = await self._session(caller, key, everyone=everyone)
            if record.paused is not None:
                for one in others:
                    if one.owner == record.owner and one.paused == record.paused:
                        self._services.pauses.here.pop(session_key(one.owner, one.session_id), None)
                        await self._services.sessions.mark(one, _resumed)
        return {"key": key, "paused": False}

    async def undo(self, caller: Caller, key: str, *, everyone: bool = False) -> dict[str, Any]:
        """Take back what that session changed last, whether it is paused or not. The session is told."""
        with self._refused():
            policy = self._services.policy
            record, _ = await self._session(caller, key, everyone=everyone)
            self._services.permissions.require(caller, "write", policy.phrases.taking_back())
            taken = await take_back(record, caller.owner, self._services)
        self._tell(record, taken)
        return {
            "key": key,
            "path": taken.path,
            "change_id": taken.change_id,
            "cells": [
                {"cell_id": cell_id, "cell_index": index, "change": what}
                for cell_id, index, what in taken.cells
            ],
        }

    @contextmanager
    def _refused(self) -> Iterator[None]:
        try:
            yield
        except StateUnavailable as error:
            phrases = self._services.policy.phrases
            raise PersonError(phrases.person_state_unavailable(reason=error.message)) from error
        except (ToolError, BackendError) as error:
            raise PersonError(error.message) from error

    async def _session(
        self, caller: Caller, key: str, *, everyone: bool
    ) -> tuple[SessionRecord, Sequence[SessionRecord]]:
        """The session of that key, and all that the person may see. Raises PersonError."""
        found = await self._presence.records(caller, everyone=everyone)
        record = next((one for one in found if public_key(one) == key), None)
        if record is None:
            raise PersonError(self._services.policy.phrases.person_unknown_session())
        return record, found

    def _client(self, record: SessionRecord) -> str | None:
        last = self._services.activity.calls.last(session_key(record.owner, record.session_id))
        return last.client if last is not None else None

    def _beside(
        self, record: SessionRecord, others: Sequence[SessionRecord], pause: Pause
    ) -> Iterator[SessionRecord]:
        """The other sessions of that one's client which hold one of its notebooks."""
        for one in others:
            if one is record or one.owner != record.owner or one.paused is not None:
                continue
            same = one.connection is not None and one.connection == record.connection
            same = same or (pause.client is not None and self._client(one) == pause.client)
            if same and not one.notebooks.keys().isdisjoint(record.notebooks):
                yield one

    async def _pause(self, record: SessionRecord, pause: Pause) -> None:
        services = self._services
        known = session_key(record.owner, record.session_id)
        services.pauses.here[known] = _paused(pause, record)
        if await services.sessions.mark(record, partial(_paused, pause)) is None:
            del services.pauses.here[known]  # it has ended meanwhile
        await services.runs.withhold(record.owner, record.session_id)

    def _tell(self, record: SessionRecord, taken: TakenBack) -> None:
        """The session's next result says what a person took back."""
        phrases, notices = self._services.policy.phrases, ResultNotices(self._services.policy)
        names = [
            phrases.cell_by_id(cell_id=cell_id) if cell_id is not None else phrases.the_notebook()
            for cell_id, _, _ in taken.cells
        ]
        notices.add(UndoneByPerson(path=taken.path, change_id=taken.change_id, cells=names))
        self._services.undelivered.keep(record, notices.once)


def _paused(pause: Pause, record: SessionRecord) -> SessionRecord:
    return replace(record, paused=record.paused or pause, resumed=False)


def _resumed(record: SessionRecord) -> SessionRecord:
    return record if record.paused is None else replace(record, paused=None, resumed=True)
