"""The runs and batches of one server, found by id, owner, session or notebook."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from jmcp.core.runs.batch import Batch
from jmcp.core.runs.record.run import Run
from jmcp.core.runs.record.status import RunStatus
from jmcp.core.runs.retention import KEPT_BATCHES, KEPT_OUTPUT_BYTES, KEPT_RUNS, FinishedRuns


class RunWatcher(Protocol):
    """Is told of runs and batches as they begin and end. It neither waits nor raises."""

    def run_added(self, run: Run | Batch) -> None: ...
    def run_ended(self, run: Run | Batch) -> None: ...


class RunIndex:
    """What goes on, and of what is over the last `kept_runs` runs and KEPT_BATCHES batches, with
    outputs of at most `kept_bytes` together. `watchers` are told of each."""

    def __init__(self, *, kept_runs: int = KEPT_RUNS, kept_bytes: int = KEPT_OUTPUT_BYTES) -> None:
        self.watchers: tuple[RunWatcher, ...] = ()
        self._entries: dict[str, Run | Batch] = {}
        self._under_way: Counter[tuple[str, str]] = Counter()
        self._finished = FinishedRuns(
            kept_runs=kept_runs, kept_batches=KEPT_BATCHES, kept_bytes=kept_bytes
        )

    def new_id(self) -> str:
        """An execution id that no kept run has."""
        while (found := secrets.token_hex(4)) in self._entries:
            pass
        return found

    def add(self, entry: Run | Batch) -> None:
        """Keep one that goes on or waits."""
        self._entries[entry.execution_id] = entry
        self._under_way[entry.request.owner, entry.request.session_id] += 1
        for watcher in self.watchers:
            watcher.run_added(entry)

    def ended(self, entry: Run | Batch) -> None:
        """Note that one is over; the oldest that is over may be forgotten for it."""
        for watcher in self.watchers:
            watcher.run_ended(entry)
        session = entry.request.owner, entry.request.session_id
        self._under_way[session] -= 1
        if not self._under_way[session]:
            del self._under_way[session]
        forgotten = self._finished.add(entry)
        if forgotten is not None:
            del self._entries[forgotten.execution_id]
            if isinstance(forgotten, Run):  # which a batch may keep
                forgotten.release_outputs()

    def get(self, execution_id: str) -> Run | Batch | None:
        """The run or batch of that id, if it is still kept. Whose it is, the caller checks."""
        return self._entries.get(execution_id)

    def list(
        self, *, owner: str | None = None, session_id: str | None = None
    ) -> Sequence[Run | Batch]:
        """What is kept, oldest first, of one owner or session where given."""
        return [
            entry
            for entry in self._entries.values()
            if owner in (None, entry.request.owner)
            and session_id in (None, entry.request.session_id)
        ]

    def last_in_cells(self, key: str) -> dict[str, Run]:
        """The last run of each cell of the notebook with that key, whoever asked for it."""
        return {
            run.request.cell_id: run
            for run in self._entries.values()
            if isinstance(run, Run)
            and run.request.notebook.key == key
            and run.request.cell_id is not None
        }

    def batches(self) -> Sequence[Batch]:
        """The batches that go on or wait, oldest first."""
        return [one for one in self._entries.values() if isinstance(one, Batch) and not one.done]

    def in_kernel(self, kernel_id: str) -> Sequence[Run | Batch]:
        """What goes on or waits in that kernel, oldest first; of a batch not its single runs."""
        batches = [one for one in self.batches() if one.kernel_id == kernel_id]
        steps = {step.run.execution_id for one in batches for step in one.request.steps if step.run}
        runs = [
            entry
            for entry in self._entries.values()
            if isinstance(entry, Run)
            and not entry.done
            and entry.request.kernel_id == kernel_id
            and entry.execution_id not in steps
        ]
        return sorted([*batches, *runs], key=lambda entry: entry.submitted)

    def count(self, status: RunStatus) -> int:
        """How many runs have that status; a batch is as many as its cells that are runs by now."""
        return sum(
            entry.status == status for entry in self._entries.values() if isinstance(entry, Run)
        )

    def in_notebook(self, key: str) -> bool:
        """Whether something that is not over writes into the notebook with that key."""
        return any(
            not entry.done and entry.request.notebook.key == key for entry in self._entries.values()
        )

    def under_way(self, owner: str, session_id: str) -> int:
        """How many runs and batches of that session go on or wait."""
        return self._under_way[owner, session_id]

    def users(self) -> set[tuple[str, str]]:
        """The sessions (owner, id) that have something that is not over: those live on, however
        long it takes."""
        return {
            (entry.request.owner, entry.request.session_id)
            for entry in self._entries.values()
            if not entry.done
        }
