"""Closed lists of words, each a type of its own."""

from __future__ import annotations

from typing import Literal

DocumentMode = Literal["live", "file"]
"""Where edits go: the document that people have open, or the file."""
CellType = Literal["code", "markdown", "raw"]
"""What a cell holds."""
CellChangeKind = Literal["inserted", "overwritten", "edited", "moved", "unchanged"]
"""What a call did to a cell."""
SaveState = Literal["saved", "pending"]
"""Whether the file is known to have all edits."""
OutputType = Literal["stream", "execute_result", "display_data", "error"]
"""nbformat's kinds of outputs."""
NotebookScope = Literal["session", "open", "workspace"]
"""Which notebooks a list has."""
EntryType = Literal["notebook", "file", "directory"]
"""What a listed path is."""
OpeningAction = Literal["created", "opened", "switched", "reused"]
"""What use_notebook did."""
KernelRelease = Literal["auto", "keep", "stop"]
"""What becomes of the kernel of a released notebook."""
KernelFate = Literal["stopped", "kept", "none"]
"""What became of the kernel of a released notebook."""
KernelState = Literal["starting", "idle", "busy", "dead", "unknown"]
"""What a kernel is doing."""
KernelOutcome = Literal["restarted", "interrupted", "already_idle"]
"""What was done to a kernel."""
ExecutionStatus = Literal[
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
"""How far a run or a batch is, for who asked for it."""
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
"""How far a run is, one that waits in its kernel's queue included."""
StepStatus = Literal[
    "waiting",
    "not_run",
    "deleted",
    "not_code",
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
"""How far a step of a batch is, one that may never become a run included."""
NoticeCode = Literal[
    "session_opened",
    "kernel_restarted",
    "kernel_uncertain",
    "kernel_started",
    "run_goes_on",
    "run_ends",
    "run_note",
    "document_changed",
    "cells_changed",
    "notebook_moved",
]
"""What a notice is about."""
