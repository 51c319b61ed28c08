"""Closed lists of words, each a type of its own."""

from __future__ import annotations

from typing import Literal

DocumentMode = Literal["live", "file"]
"""Where edits go: the document that people have open, or the file."""
LabApp = Literal["lab", "notebook"]
"""The program of a page."""
SelectionPlace = Literal["source", "shown"]
"""Where something is selected: in the source of the cell, or in what is shown of the notebook, as an output or rendered markdown."""
ScriptStatus = Literal["ok", "error", "timeout", "kernel_died"]
"""How a script ended."""
ErrorType = Literal[
    "syntax_error",
    "name_error",
    "type_error",
    "value_error",
    "attribute_error",
    "key_error",
    "index_error",
    "zero_division_error",
    "file_not_found_error",
    "permission_error",
    "import_error",
    "module_not_found_error",
    "runtime_error",
    "assertion_error",
    "connection_error",
    "timeout_error",
    "memory_error",
    "keyboard_interrupt",
    "indentation_error",
    "tab_error",
    "unicode_error",
    "overflow_error",
    "recursion_error",
]
"""Types of errors that the older servers knew, each an exception of Python. Another exception has its own name, written in the same way."""
WarningType = Literal[
    "deprecation_warning",
    "future_warning",
    "pending_deprecation_warning",
    "runtime_warning",
    "syntax_warning",
    "import_warning",
    "unicode_warning",
    "bytes_warning",
    "resource_warning",
    "user_warning",
    "warning",
]
"""Types of warnings that the older servers knew, each a category of Python. Another category has its own name, written in the same way."""
CellType = Literal["code", "markdown", "raw"]
"""What a cell holds."""
CellState = Literal["never_run", "queued", "running", "ok", "error", "stale"]
"""What is known of a code cell: never_run; queued or running, by jmcp; error, of its last run; stale, which is what it
shows is not of what it holds, or of a kernel that is gone; ok.
"""
CellChangeKind = Literal[
    "inserted",
    "overwritten",
    "edited",
    "moved",
    "unchanged",
    "deleted",
    "restored",
    "retyped",
    "cleared",
    "outputs_restored",
]
"""What a call did to a cell."""
ChangeAuthor = Literal["self", "session", "user", "run", "others"]
"""Who changed something: this session; another session of the same owner; another user of jmcp; code that ran and asked for
its next input; others, which are people in JupyterLab or programs that write the file.
"""
DiffBase = Literal["file", "checkpoint", "opened"]
"""What a notebook is compared with: its file, Jupyter's latest checkpoint, or what it was when the session opened it.
"""
CellDiffKind = Literal["added", "removed", "changed", "moved"]
"""How a cell differs."""
ReviewKind = Literal[
    "added",
    "edited",
    "retyped",
    "deleted",
    "restored",
    "moved",
    "outputs_cleared",
    "outputs_restored",
]
"""What a session did to a cell, all in all."""
RevertState = Literal["possible", "with_force", "not_possible"]
"""Whether revert_changes takes it back: yes; with force, for others changed the cell since or in between, or it runs; no, for what it takes is gone or not kept."""
UndoState = Literal["possible", "with_force", "undone", "not_possible"]
"""Whether undo_change takes a change back: yes; with force; no, for it is taken back; no, for its cells are gone or not all of it is kept."""
SaveState = Literal["saved", "pending", "failed"]
"""Whether the file is known to have all edits; failed where the last try to save them failed."""
EditOperation = Literal["insert", "overwrite", "edit", "delete", "move", "set_type"]
"""What an edit of apply_edits does."""
OutputType = Literal["stream", "execute_result", "display_data", "error"]
"""nbformat's kinds of outputs."""
VariableProblem = Literal["raised", "too_slow", "no_time"]
"""Why not all is said of a variable: its own code raised, took longer than one variable may, or those before it took the time of all.
"""
NotebookScope = Literal["session", "open", "workspace"]
"""Which notebooks a list has."""
SearchScope = Literal["notebook", "session", "workspace"]
"""Which notebooks are searched: one, those of the session, or all below the server's folder."""
ValueKind = Literal["notebook", "cell", "output", "mime_type"]
"""What is completed."""
SearchPlace = Literal["sources", "outputs", "both"]
"""What of a cell is searched."""
EntryType = Literal["notebook", "file", "directory"]
"""What a listed path is."""
OpeningAction = Literal["created", "opened", "switched", "reused"]
"""What use_notebook did."""
BrowserAction = Literal["navigate_to_url", "reload_iframe"]
"""What a page that shows JupyterLab does: go to the url, or load it once more where it is there already.
"""
ServerPlace = Literal["inside", "remote"]
"""Where jmcp runs: inside the Jupyter Server, or in a process of its own."""
ConnectionPart = Literal["jupyter", "kernels", "sessions", "notebook", "kernel"]
"""What of a connection has a problem."""
ExportFormat = Literal["html", "md", "py"]
"""What a notebook can be written as."""
FindingCode = Literal[
    "invalid_format",
    "duplicate_id",
    "missing_id",
    "out_of_order",
    "edited_since_run",
    "failed",
    "never_run",
    "kernel_gone",
    "syntax_error",
    "undefined_name",
    "defined_below",
    "deleted_above",
    "definition_gone",
    "definition_changed",
    "defined_without_cell",
    "not_checked",
]
"""What validate_notebook finds. Of the file: invalid_format, duplicate_id, missing_id. Of what has run: out_of_order, edited_since_run, failed, never_run, kernel_gone. Of running all in a new kernel: syntax_error, undefined_name, defined_below, deleted_above, definition_gone, definition_changed, defined_without_cell. not_checked: what that is not known of.
"""
PackageChange = Literal[
    "installed", "upgraded", "downgraded", "reinstalled", "unchanged", "removed", "not_seen"
]
"""What became of a package; not_seen: the kernel does not have it."""
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
    "session_shared",
    "notebook_opened",
    "resumed_by_person",
    "undone_by_person",
    "run_paused",
    "session_not_stored",
    "memory_short",
    "outside_of_jupyter",
    "notebook_moved",
    "workspace_not_saved",
    "conversation_exists",
    "cells_changed",
    "cells_deleted",
    "cells_inserted",
    "cells_moved",
    "cell_elsewhere",
    "cell_gone",
    "source_changed",
    "kernel_started",
    "kernel_restarted",
    "kernel_uncertain",
    "private_kernel_stopped",
    "cell_ids_given",
    "outputs_not_kept",
    "opened_by_journal",
    "changes_not_known",
    "outputs_beyond_undo",
    "cell_ids_repeated",
    "document_reloaded",
    "file_merged",
    "texts_collided",
    "fields_changed",
    "file_changed",
    "tab_not_updated",
    "open_elsewhere",
    "file_not_written",
    "edit_not_recorded",
    "edits_recovered",
    "edit_not_recovered",
    "text_not_recovered",
    "edit_overwritten",
    "text_overwritten",
    "edits_put_back",
    "text_replaced",
    "run_goes_on",
    "run_ends",
    "run_left",
    "run_not_begun",
    "run_outlived",
    "run_dropped_by_restart",
    "runs_dropped",
    "run_abandoned",
    "run_withdrawn",
    "run_failed",
    "run_timed_out",
    "run_put_out_too_much",
    "interrupt_ignored",
    "interrupted_unsent",
    "kernel_stuck",
    "contact_lost",
    "outputs_dropped",
    "outputs_not_received",
    "outputs_left_out",
    "error_not_sent",
    "outputs_forgotten",
    "outputs_only_in_notebook",
    "outputs_not_written",
    "outputs_uncertain",
    "outputs_incomplete",
    "images_left_out",
    "outputs_not_shown",
    "cell_outputs_not_shown",
    "search_cut",
    "notebooks_not_searched",
    "notebook_busy",
    "run_cell_deleted",
    "source_set_by_run",
    "cell_added_by_run",
    "next_input_not_put",
    "run_cell_taken",
    "earlier_outputs_lost",
    "earlier_outputs_incomplete",
    "run_cell_gone",
    "run_not_written",
    "run_not_heard",
    "installation_stopped",
    "installer_missing",
    "environment_managed",
    "packages_not_found",
    "packages_not_seen",
    "kernel_restart_needed",
    "batch_interrupted",
    "batch_paused",
    "batch_ended",
    "batch_failed",
    "batch_outlived",
    "edits_not_run",
    "cell_not_run",
]
"""What a notice is about."""
