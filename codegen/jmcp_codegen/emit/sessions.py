"""`sessions.py`: sessions.yaml as the core's `Policy`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jmcp_codegen.emit.printing import Printer, Row
from jmcp_codegen.source.model import ApiModel


def emit(api: ApiModel, printer: Printer) -> str:
    kept = api.sessions["limits"]["run_output"]
    return printer.text(
        "sessions.py.j2",
        errors=_errors(api),
        session_errors=[error.class_name for error in api.session_errors],
        scalars=_scalars(api.sessions),
        run_output=", ".join(f"{name}={value!r}" for name, value in kept.items()),
        tables=_tables(api),
    )


def _errors(api: ApiModel) -> list[Row]:
    """By code, and by kind for those of documents and kernels that have sentences."""
    rows = [(error.code, f"errors.{error.class_name}") for error in api.session_errors]
    codes = {error.code for error in api.session_errors}
    backend = (error for error in api.backend_errors if error.messages)
    rows += [
        (error.kind, f"backend_errors.{error.class_name}")
        for error in backend
        if error.kind not in codes
    ]
    return rows


def _scalars(sessions: Mapping[str, Any]) -> list[tuple[str, Any]]:
    handle, lifetime, limits = sessions["handle"], sessions["lifetime"], sessions["limits"]
    return [
        ("minted_authenticated", handle["minted"]["authenticated"]),
        ("minted_anonymous", handle["minted"]["anonymous"]),
        ("minted_length", handle["minted"]["length"]),
        ("reserved_handle", handle["reserved"]),
        ("shared_handle", handle["shared"]),
        ("next_call", handle["next"]),
        ("next_shared", handle["next_shared"]),
        ("lookup", tuple(sessions["lookup"])),
        ("idle_hours", lifetime["idle_hours"]),
        ("sweep_hours", lifetime["sweep_hours"]),
        ("sessions_per_owner", limits["sessions_per_owner"]),
        ("notebooks_per_session", limits["notebooks_per_session"]),
        ("runs_per_session", limits["runs_per_session"]),
        ("session_calls_per_second", limits["calls_per_second"]["session"]),
        ("owner_calls_per_second", limits["calls_per_second"]["owner"]),
    ]


def _tables(api: ApiModel) -> list[tuple[str, list[Row]]]:
    def error(code: str) -> str:
        return f"errors.{api.errors[code].class_name}"

    return [
        (
            "backend_errors",
            [(entry.kind, error(entry.becomes.code)) for entry in api.backend_errors],
        ),
    ]
