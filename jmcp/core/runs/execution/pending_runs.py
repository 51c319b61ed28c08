"""Runs whose end was not seen yet, in the store: the next process of jmcp takes them up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from jmcp.core.sessions.records import PendingRun, Store

WRITE_DELAY_SECONDS = 0.05
"""Seconds after which a run that still goes on is stored (docs/decisions/0023): most are over by
then, and cost the store nothing. A process that is killed forgets runs that are younger."""

log = logging.getLogger(__name__)


Describe = Callable[[], PendingRun]


class PendingRuns:
    """Stores runs in the background, so that no run waits for the store.

    If the store fails, runs do not survive this process; nothing else is lost.
    """

    def __init__(self, store: Store | None) -> None:
        self._store = store
        # By execution id, when it is to be written (in the loop's time) and what: None to remove it.
        self._unwritten: dict[str, tuple[float, Describe | None]] = {}
        self._stored: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._writer: asyncio.Task[None] | None = None

    async def left(self) -> Sequence[PendingRun]:
        """What an earlier process left, oldest first."""
        if self._store is None:
            return ()
        runs = await self._store.runs()
        self._stored.update(run.execution_id for run in runs)
        return runs

    def keep(self, execution_id: str, describe: Describe) -> None:
        """Store the run unless it is forgotten within WRITE_DELAY_SECONDS, or at once what is new
        about one that is stored.

        `describe` is called when it is written, and says how the run is then.
        """
        if self._store is None:
            return
        now = asyncio.get_running_loop().time()
        if execution_id in self._stored:
            due = now
        elif execution_id in self._unwritten:
            due = self._unwritten[execution_id][0]
        else:
            due = now + WRITE_DELAY_SECONDS
        self._unwritten[execution_id] = (due, describe)
        self._write_when_due()

    def forget(self, execution_id: str) -> None:
        """The run is over and its cell is closed."""
        if execution_id in self._stored:
            self._unwritten[execution_id] = (0.0, None)
            self._write_when_due()
        else:
            self._unwritten.pop(execution_id, None)
            if not self._unwritten and self._timer is not None:
                self._timer.cancel()  # it would wake the event loop for nothing
                self._timer = None

    async def settle(self) -> None:
        """Write what is not written yet, and wait until the store has it."""
        while self._unwritten:
            self._start(until=float("inf"))
            assert self._writer is not None
            await asyncio.wait({self._writer})
        if self._writer is not None:
            await asyncio.wait({self._writer})

    def _write_when_due(self) -> None:
        """Have a timer for what is due next, unless some is being written."""
        if self._writer is not None or not self._unwritten:
            return
        due = min(due for due, _ in self._unwritten.values())
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(due, self._start)

    def _start(self, until: float | None = None) -> None:
        """Begin to write what is due, or due `until` then."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writer is not None or self._store is None:
            return
        until = asyncio.get_running_loop().time() if until is None else until
        due = [one for one, (at, _) in self._unwritten.items() if at <= until]
        if due:
            self._writer = asyncio.create_task(self._write(due, self._store), name="jmcp-runs")
        else:  # what was due is over
            self._write_when_due()

    async def _write(self, execution_ids: Sequence[str], store: Store) -> None:
        try:
            for execution_id in execution_ids:
                await self._write_one(execution_id, store)
        finally:
            self._writer = None
            self._write_when_due()

    async def _write_one(self, execution_id: str, store: Store) -> None:
        _, describe = self._unwritten.pop(execution_id, (0.0, None))
        try:
            if describe is not None:
                self._stored.add(execution_id)
                await store.put_run(describe())
            elif execution_id in self._stored:
                self._stored.discard(execution_id)
                await store.remove_run(execution_id)
        except Exception:  # a full disk must not end a run
            log.warning("A run could not be noted for a restart of jmcp.", exc_info=True)
