"""How much of the change journal is kept, and which entries are dropped first. Unsaved edits are
never dropped."""

from __future__ import annotations

from jmcp.core.journal.entries import State

KEPT_ENTRIES = 1000
"""Entries that are kept for one notebook."""

KEPT_BYTES = 8 * 2**20
"""Bytes of one notebook's entries, which is some hundred edits of large cells."""

KEPT_TOTAL_BYTES = 128 * 2**20
"""Bytes of the entries of all notebooks."""

KEPT_MEMORY_BYTES = 32 * 2**20
"""Bytes of the entries of all notebooks, where they are kept in memory."""

LOOK_BACK_ENTRIES = 64
"""New entries after which the journal looks for entries that are too old, or too many of all
notebooks."""

KEPT_DAYS = 30

UNSAVED_TIMES = 10
"""How many times KEPT_ENTRIES or KEPT_BYTES the unsaved edits of a notebook may take, where no save
succeeds. Some edits a second for half an hour are as many."""

PRUNED_SHARE = 0.9
"""Pruning goes down to this part of a limit, so that not every edit has to prune."""

_PRUNED_FIRST: tuple[State, ...] = ("saved", "failed", "conflicted")


def may_go(state: State) -> bool:
    """Whether entries of that state may be pruned: a crash would lose those that no file has."""
    return state in _PRUNED_FIRST


def pruning_order(state: State, number: int) -> tuple[int, int]:
    """A key to sort entries that may go by: what comes first is pruned first, of one state the
    oldest."""
    return _PRUNED_FIRST.index(state), number
