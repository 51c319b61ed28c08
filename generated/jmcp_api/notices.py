"""The sentence of each notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def session_opened() -> str:
    return "Another session of this client is open; this call opened one more."


def kernel_restarted() -> str:
    return "The kernel was restarted: all variables were lost."


def kernel_uncertain() -> str:
    return "jmcp was restarted since this session's last run and cannot tell whether the kernel was too: check a variable before relying on any."


def kernel_started() -> str:
    return "A kernel was started for this notebook."


def run_goes_on() -> str:
    return "jmcp stops now, and the run goes on in its kernel: once jmcp runs again, get_execution has it and its cell its outputs."


def run_ends() -> str:
    return "Jupyter stops now and its kernels with it: this run ends unfinished. What it put out so far is in its cell."


def run_note() -> str:
    return "A remark on a run that the caller should know."


def document_changed() -> str:
    return "The document changed in a way the caller should know."


def cells_changed() -> str:
    return "Others changed cells that this session had read."


def notebook_moved() -> str:
    return "The notebook was renamed; the session follows it."


SENTENCES: Mapping[str, Callable[..., str]] = {
    "session_opened": session_opened,
    "kernel_restarted": kernel_restarted,
    "kernel_uncertain": kernel_uncertain,
    "kernel_started": kernel_started,
    "run_goes_on": run_goes_on,
    "run_ends": run_ends,
    "run_note": run_note,
    "document_changed": document_changed,
    "cells_changed": cells_changed,
    "notebook_moved": notebook_moved,
}
"""By code. What a notice carries are the arguments."""
