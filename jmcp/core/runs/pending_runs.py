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


class PendingRuns:
    """Writes behind the runs, so that none waits for the store; what it holds follows in order.

    A store that fails costs runs their life beyond this process, and nothing else.
    """

    def __init__(self, store: Store | None) -> None:
        self._store = store
        # By execution id, what is still to be written: None to remove it.
        self._unwritten: dict[str, Callable[[], PendingRun] | None] = {}
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

    def keep(self, execution_id: str, describe: Callable[[], PendingRun]) -> None:
        """Store the run unless it is forgotten within WRITE_DELAY_SECONDS, or at once what is new
        about one that is stored.

        `describe` is called when it is written, and says how the run is then.
        """
        self._write(execution_id, describe)
        if execution_id in self._stored:
            self._start()

    def forget(self, execution_id: str) -> None:
        """The run is over and its cell is closed."""
        if execution_id in self._stored:
            self._write(execution_id, None)
        else:
            self._unwritten.pop(execution_id, None)

    async def settle(self) -> None:
        """Write what is not written yet, and wait until the store has it."""
        while self._unwritten or self._writer is not None:
            self._start()
            assert self._writer is not None
            await asyncio.wait({self._writer})

    def _write(self, execution_id: str, describe: Callable[[], PendingRun] | None) -> None:
        if self._store is None:
            return
        self._unwritten[execution_id] = describe
        if self._timer is None and self._writer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_DELAY_SECONDS, self._start)

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writer is None and self._unwritten and self._store is not None:
            self._writer = asyncio.create_task(self._write_all(self._store), name="jmcp-runs")

    async def _write_all(self, store: Store) -> None:
        try:
            while self._unwritten:
                execution_id = next(iter(self._unwritten))
                describe = self._unwritten.pop(execution_id)
                try:
                    if describe is not None:
                        self._stored.add(execution_id)
                        await store.put_run(describe())
                    else:
                        self._stored.discard(execution_id)
                        await store.remove_run(execution_id)
                except Exception:  # a full disk must not end a run
                    log.warning("A run could not be noted for a restart of jmcp.", exc_info=True)
        finally:
            self._writer = None
