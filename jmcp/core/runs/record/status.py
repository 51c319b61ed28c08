"""How far a run or a batch is: the words, and what each of them means for what comes next."""

from __future__ import annotations

from typing import Literal

RunStatus = Literal[
    "queued",
    "running",
    "ok",
    "error",
    "timed_out",
    "interrupted",
    "kernel_died",
    "kernel_restarted",
    "lost_contact",
    "aborted",
]
"""Up to `running` it goes on; with the others it is over. `aborted`: the code was not run."""

Incomplete = Literal["output_limit", "gap", "lost_contact", "not_sent"]
"""Why outputs of a run may be missing; `gap`: some of its messages did not come; `not_sent`: the kernel could not send its error."""

KERNEL_GONE: frozenset[RunStatus] = frozenset({"kernel_died", "kernel_restarted"})
"""The process that ran the code is gone, and all variables with it."""

CODE_FAILED: frozenset[RunStatus] = frozenset({"error", "timed_out"})
"""The code ended early; the kernel is usable and has its variables."""
