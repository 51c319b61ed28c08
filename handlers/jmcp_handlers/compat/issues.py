"""What went wrong in a cell, typed as older servers did: by the kernel's messages, and by the
warnings that Python writes to stderr; never by printed text."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import get_args

from jmcp.core.outputs import terminal
from jmcp.core.outputs.python_issues import SEARCHED_CHARACTERS, issue_type, python_warning
from jmcp.core.ports import Output
from jmcp.core.runs.record.run import Run
from jmcp_api import limits, phrases
from jmcp_api.enums import ErrorType, WarningType
from jmcp_api.models import ErrorObject, WarningObject
from jmcp_handlers.support.outputs.output_results import clip, error_line, joined

TYPE_CHARACTERS = 100
"""Of the type of an error or a warning."""
_ERRORS = frozenset(get_args(ErrorType))
_WARNINGS = frozenset(get_args(WarningType))


def error_of(outputs: Sequence[Output]) -> ErrorObject | None:
    """The first exception among the outputs."""
    for output in outputs:
        if output["output_type"] == "error":
            ename, evalue = str(output.get("ename") or ""), str(output.get("evalue") or "")
            line = clip(error_line(ename, evalue), 0, limits.ERROR_VALUE_CHARACTERS)[0]
            line = line.removesuffix(": ")  # without a message, as a KeyboardInterrupt is
            return ErrorObject(type=error_type(ename), message=line)
    return None


def error_of_run(run: Run, outputs: Sequence[Output]) -> ErrorObject | None:
    """What ended a run, of which those are the outputs; None while it goes on or where it is ok."""
    if not run.done or run.status == "ok":
        return None
    if run.status == "timed_out":
        message = phrases.cell_timed_out(seconds=run.request.timeout)
        return ErrorObject(type="timeout_error", message=message)
    if (raised := error_of(outputs)) is not None:
        return raised
    reason = run.failure.message if run.failure is not None else None
    return ErrorObject(type=run.status, message=reason or phrases.cell_ended(status=run.status))


def warning_of(outputs: Sequence[Output]) -> WarningObject | None:
    """The first warning that the outputs have on stderr."""
    for output in outputs:
        if output["output_type"] != "stream" or output.get("name") != "stderr":
            continue
        text = terminal.plain(joined(output.get("text", ""))[:SEARCHED_CHARACTERS])
        if found := python_warning(text):
            category, message = found
            line = clip(error_line(category, message), 0, limits.ERROR_VALUE_CHARACTERS)[0]
            return WarningObject(type=warning_type(category), message=line)
    return None


def error_type(ename: str) -> str:
    """The type of an exception of that name: of Python's own, the listed one that it is or is derived
    from (UnicodeDecodeError: unicode_error)."""
    return _type(ename.rpartition(".")[2], BaseException, _ERRORS) or "error"


def warning_type(category: str) -> str:
    """The type of a warning of that category, as `error_type`."""
    return _type(category, Warning, _WARNINGS) or "warning"


def _type(name: str, family: type[BaseException], listed: frozenset[str]) -> str:
    known = vars(builtins).get(name)
    if isinstance(known, type) and issubclass(known, family):
        for base in known.__mro__:
            if (found := issue_type(base.__name__)) in listed:
                return found
    return issue_type(name[:TYPE_CHARACTERS])
