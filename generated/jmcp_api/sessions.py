"""What a session is at run time."""

from __future__ import annotations

from jmcp.core.calls.tool import Policy
from jmcp.core.outputs.output_limits import OutputLimits

from . import backend_errors, errors, notices, phrases


class Errors:
    """The errors that any session tool can meet, and those of documents and kernels."""

    invalid_arguments = errors.InvalidArguments
    session_required = errors.SessionRequired
    session_not_found = errors.SessionNotFound
    not_permitted = errors.NotPermitted
    rate_limited = errors.RateLimited
    paused_by_person = errors.PausedByPerson
    session_limit = errors.SessionLimit
    notebook_not_open = errors.NotebookNotOpen
    notebook_not_found = errors.NotebookNotFound
    notebook_invalid = errors.NotebookInvalid
    notebook_too_large = errors.NotebookTooLarge
    resource_too_large = errors.ResourceTooLarge
    cell_too_large = errors.CellTooLarge
    path_refused = errors.PathRefused
    write_refused = errors.WriteRefused
    state_unavailable = errors.StateUnavailable
    kernelspec_not_found = errors.KernelspecNotFound
    kernel_unavailable = errors.KernelUnavailable
    kernel_unable = errors.KernelUnable
    partly_done = errors.PartlyDone
    server_stopping = errors.ServerStopping
    jupyter_unreachable = errors.JupyterUnreachable
    jupyter_refused = errors.JupyterRefused
    internal_error = errors.InternalError
    notebook_missing = backend_errors.NotebookMissing
    notebook_exists = backend_errors.NotebookExists
    file_exists = backend_errors.FileExists
    notebook_broken = backend_errors.NotebookBroken
    directory_missing = backend_errors.DirectoryMissing
    kernel_missing = backend_errors.KernelMissing
    kernel_taken = backend_errors.KernelTaken
    kernelspec_missing = backend_errors.KernelspecMissing
    kernel_down = backend_errors.KernelDown


POLICY = Policy(
    errors=Errors,
    phrases=phrases,
    notices=notices.SENTENCES,
    minted_authenticated="base32",
    minted_anonymous="uuid4",
    minted_length=8,
    reserved_handle="default",
    shared_handle="shared-session",
    next_call="Pass session_id {session_id} on every call.",
    next_shared="Calls without session_id work here, those of other clients too.",
    lookup=("argument", "connection", "notebook_path", "read_only_single"),
    idle_hours=24,
    sweep_hours=1,
    sessions_per_owner=1000,
    notebooks_per_session=64,
    runs_per_session=200,
    session_calls_per_second=100,
    owner_calls_per_second=500,
    run_output=OutputLimits(
        text_head=12000000,
        text_tail=2000000,
        data_head=50000000,
        data_tail=16000000,
        outputs_head=2000,
        outputs_tail=500,
        error=200000,
        beyond="go_on",
    ),
    session_errors=(
        errors.InvalidArguments,
        errors.SessionRequired,
        errors.SessionNotFound,
        errors.NotPermitted,
        errors.RateLimited,
        errors.PausedByPerson,
        errors.SessionLimit,
        errors.NotebookNotOpen,
        errors.NotebookNotFound,
        errors.NotebookInvalid,
        errors.NotebookTooLarge,
        errors.ResourceTooLarge,
        errors.CellTooLarge,
        errors.PathRefused,
        errors.WriteRefused,
        errors.StateUnavailable,
        errors.KernelspecNotFound,
        errors.KernelUnavailable,
        errors.KernelUnable,
        errors.PartlyDone,
        errors.ServerStopping,
        errors.JupyterUnreachable,
        errors.JupyterRefused,
        errors.InternalError,
    ),
    backend_errors={
        "notebook_missing": errors.NotebookNotFound,
        "notebook_exists": errors.NotebookExists,
        "file_exists": errors.FileExists,
        "notebook_broken": errors.NotebookInvalid,
        "notebook_too_large": errors.NotebookTooLarge,
        "path_refused": errors.PathRefused,
        "directory_missing": errors.DirectoryNotFound,
        "write_refused": errors.WriteRefused,
        "state_unavailable": errors.StateUnavailable,
        "kernel_missing": errors.KernelNotFound,
        "kernel_taken": errors.KernelTaken,
        "kernelspec_missing": errors.KernelspecNotFound,
        "kernel_down": errors.KernelUnavailable,
        "jupyter_unreachable": errors.JupyterUnreachable,
        "jupyter_refused": errors.JupyterRefused,
    },
)
