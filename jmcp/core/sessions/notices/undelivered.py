"""Notices of calls that ended without a result, kept for the next result of their session."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from jmcp.core.sessions.records import SessionRecord

KEPT_SESSIONS = 1000
"""Sessions for which notices are kept: those with the latest failed calls."""
KEPT_NOTICES = 16
"""Notices that are kept for one session."""

Entry = dict[str, Any]
"""A notice as results have it."""


class UndeliveredNotices:
    """Notices of failed calls about what they did: no later call would find that again.

    They are in memory only, and do not survive a restart of jmcp.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], list[Entry]] = OrderedDict()

    def of(self, record: SessionRecord) -> Sequence[Entry]:
        """What the session has not been told yet, oldest first."""
        return tuple(self._kept.get(_name(record), ()))

    def keep(self, record: SessionRecord, entries: Sequence[Entry]) -> None:
        """No result has these notices."""
        if not entries:
            return
        name = _name(record)
        kept = self._kept.setdefault(name, [])
        kept += [entry for entry in entries if entry not in kept]
        del kept[:-KEPT_NOTICES]
        self._kept.move_to_end(name)
        if len(self._kept) > KEPT_SESSIONS:
            self._kept.popitem(last=False)

    def delivered(self, record: SessionRecord, entries: Sequence[Entry]) -> None:
        """A result for the session has these notices."""
        name = _name(record)
        left = [entry for entry in self._kept.get(name, ()) if entry not in entries]
        if left:
            self._kept[name] = left
        else:
            self._kept.pop(name, None)


def _name(record: SessionRecord) -> tuple[object, ...]:
    # A session that is opened anew under an old id was told nothing.
    return record.owner, record.session_id, record.created
