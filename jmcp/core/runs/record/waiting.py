"""What a run that has not begun waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

BEGINNING_SECONDS = 1.0
"""Seconds after which a kernel that has a run and has not begun it is busy with something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Why a run has not begun, for who asked for it.

    `what` is it waiting for, `since` when. `ahead` are the runs before it. `execution_id` is that of
    a run of its own session, `session` the masked id of another session of its owner.
    """

    what: str
    since: datetime
    ahead: int = 0
    execution_id: str | None = None
    session: str | None = None

    @property
    def seconds(self) -> float:
        return (datetime.now(UTC) - self.since).total_seconds()
