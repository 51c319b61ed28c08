"""What somebody has to confirm before a call does it: that it ends code which others run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from jmcp.core.runs.occupants import Occupant
from jmcp.core.sentences import ConfirmationPhrases

Rows = Sequence[Mapping[str, Any]]
"""The `runs` in the details of the error that refuses such a call: one row for each run or batch."""


MOST_ROWS = 20
"""Of more than these a person decides as of these."""


def rows(occupants: Sequence[Occupant], phrases: ConfirmationPhrases) -> Rows:
    """What an error says of them, as JSON: `what` it is, and `since` when it was asked for or, of
    code that jmcp did not send, when it was `last_heard` of."""
    return [_row(occupant, phrases) for occupant in occupants[:MOST_ROWS]]


def _row(occupant: Occupant, phrases: ConfirmationPhrases) -> dict[str, str]:
    if occupant.since is None:
        return {"what": phrases.code_of_others(), "last_heard": occupant.last_heard or ""}
    if occupant.session is None:
        what = phrases.waits_for_user()
    else:
        what = phrases.waits_for_session(session=occupant.session)
    return {"what": what, "since": occupant.since.isoformat(timespec="seconds")}


def listed(found: Rows, phrases: ConfirmationPhrases) -> list[str]:
    """The rows as parts of a sentence."""
    return [_shown(row, phrases) for row in found]


def _shown(row: Mapping[str, Any], phrases: ConfirmationPhrases) -> str:
    if "since" not in row:
        return phrases.code_last_heard(what=row["what"], at=row["last_heard"])
    seconds = (datetime.now(UTC) - datetime.fromisoformat(row["since"])).total_seconds()
    return phrases.code_since(what=row["what"], since=row["since"], seconds=seconds)


def marks(found: Rows) -> frozenset[str]:
    """What tells these from others that come later: an answer is for what was asked about."""
    return frozenset(f"{row['what']} {row.get('since', '')}" for row in found)
