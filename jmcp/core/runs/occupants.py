"""Whose code is in a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from jmcp.core.observe.events import masked
from jmcp.core.ports import KernelInfo
from jmcp.core.runs.batch import Batch
from jmcp.core.runs.execution.queue import RunQueue
from jmcp.core.runs.index import RunIndex
from jmcp.core.runs.record.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupant:
    """Code that runs in a kernel, or waits for it, and is not the asking session's.

    `session` is the masked id of another session of the same owner; None for that of another owner,
    and for code that jmcp did not send. `since` is when a run was asked for. Of code that jmcp did
    not send only `last_heard` is known: when the kernel last sent anything, ISO 8601.
    """

    session: str | None = None
    since: datetime | None = None
    last_heard: str | None = None

    @classmethod
    def of(cls, entry: Run | Batch, owner: str) -> Self:
        """That of a run or batch, for who asks."""
        request = entry.request
        session = masked(request.session_id) if request.owner == owner else None
        return cls(session=session, since=entry.submitted)

    @classmethod
    def unknown(cls, kernel: KernelInfo) -> Self:
        """Whoever keeps the kernel busy."""
        return cls(last_heard=kernel.last_activity)


async def occupants(
    queue: RunQueue, index: RunIndex, *, owner: str, session_id: str
) -> Sequence[Occupant]:
    """Whose code runs in that queue's kernel or waits for it, without that session's own. Raises as
    `Kernels.list`."""
    unknown = await queue.busy_with_others()
    entries = index.in_kernel(queue.kernel_id)
    if queue.stuck is not None:
        entries = [queue.stuck, *entries]
    found = [
        Occupant.of(entry, owner)
        for entry in entries
        if (entry.request.owner, entry.request.session_id) != (owner, session_id)
    ]
    return found if unknown is None else [Occupant.unknown(unknown), *found]
