"""Runs whose end was not seen yet, in the store: the next process of jmcp takes them up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from jmcp.core.sessions.records import PendingRun, Store

log = logging.getLogger(__name__)


class PendingRuns:
    """Writes behind the runs, so that none waits for the store; what it holds follows in order.

    A store that fails costs runs their life beyond this process, and nothing else.
    """

    def __init__(self, store: Store | None) -> None:
        self._store = store
        # By execution id, what the store shall hold and may not hold yet; None to remove it.
        self._wanted: dict[str, PendingRun | None] = {}
        self._writers: dict[str, asyncio.Task[None]] = {}

    async def left(self) -> Sequence[PendingRun]:
        """What an earlier process left, oldest first."""
        return await self._store.runs() if self._store is not None else ()

    def keep(self, run: PendingRun) -> None:
        """Store the run, or what is new about it."""
        self._want(run.execution_id, run)

    def forget(self, execution_id: str) -> None:
        """The run is over and its cell is closed."""
        self._want(execution_id, None)

    async def settle(self) -> None:
        """Wait until the store has it all."""
        while self._writers:
            await asyncio.wait(self._writers.values())

    def _want(self, execution_id: str, run: PendingRun | None) -> None:
        if self._store is None:
            return
        self._wanted[execution_id] = run
        if execution_id not in self._writers:
            self._writers[execution_id] = asyncio.create_task(
                self._write(execution_id, self._store)
            )

    async def _write(self, execution_id: str, store: Store) -> None:
        try:
            while execution_id in self._wanted:
                run = self._wanted.pop(execution_id)
                if run is not None:
                    await store.put_run(run)
                else:
                    await store.remove_run(execution_id)
        except Exception:  # a full disk must not end a run
            log.warning("A run could not be noted for a restart of jmcp.", exc_info=True)
            self._wanted.pop(execution_id, None)
        finally:
            del self._writers[execution_id]
