"""The batches of one server: starting them, finding them again, ending them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

from jmcp.core.runs.batch import Batch, Step
from jmcp.core.runs.registry import Executions
from jmcp.core.sessions.notebook import Notebook

KEPT = 64
"""Finished batches that stay at hand."""


class Batches:
    """Every batch of one server. They go on when the caller who started them is gone."""

    def __init__(self, executions: Executions, *, kept: int = KEPT) -> None:
        self._executions = executions
        self._kept = kept
        self._records: dict[str, Batch] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(
        self,
        steps: Sequence[Step],
        notebook: Notebook,
        *,
        owner: str,
        session_id: str,
        kernel_id: str,
        stop_on_error: bool,
        timeout: float,
    ) -> Batch:
        """Begin to run the steps in the background. `timeout` is in seconds for each cell."""
        batch = Batch(
            # Nine characters, where executions have eight: neither is ever taken for the other.
            f"b{secrets.token_hex(4)}",
            steps,
            notebook,
            self._executions,
            owner=owner,
            session_id=session_id,
            kernel_id=kernel_id,
            stop_on_error=stop_on_error,
            timeout=timeout,
        )
        self._prune()
        self._records[batch.execution_id] = batch
        task = asyncio.create_task(batch.go(), name=f"jmcp-batch-{batch.execution_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return batch

    def get(self, execution_id: str) -> Batch | None:
        """The batch of that id, if it is still kept. Whose it is, the caller checks."""
        return self._records.get(execution_id)

    def list(self, owner: str, session_id: str) -> Sequence[Batch]:
        """The kept batches of one session, oldest first."""
        return [
            batch
            for batch in self._records.values()
            if (batch.owner, batch.session_id) == (owner, session_id)
        ]

    def users(self) -> set[tuple[str, str]]:
        """The sessions (owner, id) that have a batch that is not over."""
        return {(b.owner, b.session_id) for b in self._records.values() if not b.done}

    async def stop(self, kernel_id: str) -> int:
        """End the batches on that kernel before their next cell; how many there were."""
        going = [b for b in self._records.values() if b.kernel_id == kernel_id and not b.done]
        for batch in going:
            await batch.stop()
        return len(going)

    async def close(self) -> None:
        """End them all; what their kernels run goes on."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _prune(self) -> None:
        finished = [key for key, batch in self._records.items() if batch.done]
        for key in finished[: max(0, len(finished) - self._kept)]:
            del self._records[key]
