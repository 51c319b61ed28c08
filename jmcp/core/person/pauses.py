"""Sessions that a person has paused: what is refused until they are resumed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from jmcp.core.calls.call import Caller
from jmcp.core.calls.tool import Policy, Tool
from jmcp.core.errors import ToolError
from jmcp.core.observe.events import session_key
from jmcp.core.sessions.records import SessionRecord
from jmcp.core.sessions.sessions import Sessions


class Pauses:
    """Refuses calls in paused sessions, and what would go around a pause. A person's own pages are
    refused nothing.

    A pause is in the session's record, so that it outlives the process and holds in all that share
    the store. `here` are the records of the sessions that were paused in this process, by `session_key`:
    calls that were admitted before that ask it again when they begin to change something, and their
    clients change nothing of their notebooks in other sessions either.
    """

    def __init__(self, policy: Policy, sessions: Sessions) -> None:
        self._refuse = policy.errors.paused_by_person
        self._sessions = sessions
        self.here: dict[int, SessionRecord] = {}

    async def admit(self, tool: Tool, record: SessionRecord, caller: Caller) -> None:
        """For a call in that session, as it is stored now. Raises paused_by_person."""
        if record.paused is None and not self.here:
            return
        if caller.of_page or not self._changes(tool):
            return
        if record.paused is not None:
            raise self._refusal(record)
        # Another process may have resumed it.
        self.here.pop(session_key(record.owner, record.session_id), None)
        beside = [one for one in self.here.values() if _is_beside(record, one, caller)]
        mine = [one for one in beside if await self._is_paused(one)]
        if mine:
            raise self._refuse.client(notebook_paths=paths(mine))

    async def _is_paused(self, known: SessionRecord) -> bool:
        """Whether it is so still, and has not ended."""
        record = await self._sessions.get(known.owner, known.session_id)
        if record is not None and record.paused is not None:
            return True
        self.here.pop(session_key(known.owner, known.session_id), None)
        return False

    def check(self, record: SessionRecord, caller: Caller) -> None:
        """A call of the session begins to change something. Raises paused_by_person where the session
        was paused since it was admitted."""
        if not self.here or caller.of_page:
            return
        if session_key(record.owner, record.session_id) in self.here:
            raise self._refusal(record)

    def stops(self, tool: Tool) -> bool:
        """Whether a pause refuses that tool, which belongs to no session."""
        return tool.session == "none" and self._changes(tool)

    async def admit_client(self, caller: Caller) -> None:
        """For what may change anything and belongs to no session. Raises paused_by_person where a
        session is paused whose client is this one, or may be: that is the same name, or one that is not
        known."""
        if caller.of_page:
            return
        paused = [
            one
            for one in await self._sessions.of_owner(caller.owner)
            if one.paused is not None
            and (None in (one.paused.client, caller.client) or one.paused.client == caller.client)
        ]
        if paused:
            raise self._refuse.client(notebook_paths=paths(paused))

    def closed_notebooks(
        self, caller: Caller, mine: Collection[SessionRecord]
    ) -> Mapping[str, str]:
        """The paths, by key, of notebooks that no other session of the caller's opens now: those of the
        paused ones among its sessions, `mine`. What clients call themselves does not count here, for
        anybody may use any name."""
        if caller.of_page:
            return {}
        return {
            key: held.ref.path
            for one in mine
            if one.paused is not None
            for key, held in one.notebooks.items()
        }

    def closed(self, path: str) -> ToolError:
        """The refusal to open that notebook of a paused session in another one."""
        return self._refuse.opening(notebook_paths=[path])

    def _changes(self, tool: Tool) -> bool:
        return not tool.read_only and not tool.while_paused

    def _refusal(self, record: SessionRecord) -> ToolError:
        return self._refuse.session(notebook_paths=paths([record]))


def _is_beside(record: SessionRecord, paused: SessionRecord, caller: Caller) -> bool:
    """Whether a call of a paused session's client in that other session may be about its notebooks."""
    if record.owner != paused.owner or paused.paused is None or caller.client is None:
        return False
    if caller.client != paused.paused.client:
        return False
    return not record.notebooks.keys().isdisjoint(paused.notebooks)


def paths(records: Collection[SessionRecord]) -> Sequence[str]:
    """The paths of the notebooks that these sessions hold."""
    return [*dict.fromkeys(held.ref.path for one in records for held in one.notebooks.values())]
