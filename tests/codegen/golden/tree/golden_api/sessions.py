"""What a session is at run time."""

from __future__ import annotations

from jmcp.core.calls.tool import Policy

from . import errors

POLICY = Policy(
    minted_authenticated="base32",
    minted_anonymous="uuid4",
    minted_length=8,
    reserved_handle="default",
    next_call="Pass {session_id} on.",
    lookup=("argument", "connection"),
    idle_hours=24,
    sweep_hours=1,
    sessions_per_owner=10,
    notebooks_per_session=4,
    session_calls_per_second=10,
    owner_calls_per_second=50,
    notices={
        "kernel_restarted": "The kernel was restarted: all variables were lost.",
    },
    errors={
        "invalid_arguments": errors.InvalidArguments,
        "session_not_found": errors.SessionNotFound,
    },
    backend_errors={
        "notebook_missing": errors.CellNotFound,
    },
)
