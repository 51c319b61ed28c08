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
    state_unavailable = errors.StateUnavailable
    server_stopping = errors.ServerStopping
    internal_error = errors.InternalError
    notebook_missing = backend_errors.NotebookMissing
    kernel_down = backend_errors.KernelDown


POLICY = Policy(
    errors=Errors,
    phrases=phrases,
    notices=notices.SENTENCES,
    minted_authenticated="base32",
    minted_anonymous="uuid4",
    minted_length=8,
    reserved_handle="default",
    shared_handle="together",
    next_call="Pass {session_id} on.",
    next_shared="Pass nothing on.",
    lookup=("argument", "connection"),
    idle_hours=24,
    sweep_hours=1,
    sessions_per_owner=10,
    notebooks_per_session=4,
    runs_per_session=20,
    session_calls_per_second=10,
    owner_calls_per_second=50,
    run_output=OutputLimits(
        text_head=100,
        text_tail=20,
        data_head=100,
        data_tail=20,
        outputs_head=10,
        outputs_tail=2,
        error=50,
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
        errors.StateUnavailable,
        errors.ServerStopping,
        errors.InternalError,
    ),
    backend_errors={
        "notebook_missing": errors.CellNotFound,
        "kernel_down": errors.CellNotFound,
        "kernel_missing": errors.CellNotFound,
    },
)
