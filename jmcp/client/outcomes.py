"""What became of code, read from results: by what the kernel said, never by printed text.

Each takes a result of any tool, or one cell of it, as a model or as JSON data.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jmcp.client.answer import Image
from jmcp.core.outputs.python_issues import issue_type, python_warning

WELL = frozenset((None, "ok", "running", "queued", "waiting"))
"""The states of a run that has not failed, or not yet; None where nothing has run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An exception or a warning. `type` is its name in lower case words, as zero_division_error; of a
    run that ended without an exception it is the status of that."""

    type: str
    message: str


def has_error(result: object) -> bool:
    """Whether code has failed: an exception, or a run that was interrupted, timed out or was lost."""
    return get_error_info(result) is not None


def has_warning(result: object) -> bool:
    """Whether Python has warned of something."""
    return get_warning_info(result) is not None


def has_execution_issues(result: object) -> bool:
    """Whether there was an error or a warning."""
    return has_error(result) or has_warning(result)


def get_error_info(result: object) -> Issue | None:
    """The first error."""
    for run in _runs(result):
        for output in _get(run, "outputs") or ():
            if _get(output, "output_type") == "error":
                name, value = str(_get(output, "ename") or ""), str(_get(output, "evalue") or "")
                return Issue(type=issue_type(name), message=f"{name}: {value}" if value else name)
        if (found := _told(run, "error")) is not None:
            return found
        if (status := _get(run, "status")) not in WELL:
            return Issue(type=str(status), message=_reason(run) or str(status))
    return None


def get_warning_info(result: object) -> Issue | None:
    """The first warning."""
    for run in _runs(result):
        if (told := _told(run, "warning")) is not None:
            return told
        for output in _get(run, "outputs") or ():
            if _get(output, "name") != "stderr":
                continue
            if found := python_warning(str(_get(output, "text") or "")):
                category, message = found
                return Issue(type=issue_type(category), message=f"{category}: {message}")
    return None


def get_execution_summary(result: object) -> dict[str, Any]:
    """`has_error`, `has_warning`, `has_output`, `has_images`, `cell_index`; `error` and `warning` as
    {type, message} where there are some."""
    error, warning = get_error_info(result), get_warning_info(result)
    summary: dict[str, Any] = {
        "has_error": error is not None,
        "has_warning": warning is not None,
        "has_output": bool(outputs_text(result)),
        "has_images": bool(images(result)),
        "cell_index": _get(result, "cell_index"),
    }
    for name, issue in (("error", error), ("warning", warning)):
        if issue is not None:
            summary[name] = {"type": issue.type, "message": issue.message}
    return summary


def outputs_text(result: object) -> str:
    """The text of all outputs, each on lines of its own."""
    parts: list[str] = []
    for run in _runs(result):
        for name in ("output", "text_outputs"):
            told = _get(run, name)
            parts += told if isinstance(told, list) else [told] if isinstance(told, str) else ()
        parts += [str(_get(output, "text") or "") for output in _get(run, "outputs") or ()]
    return "\n".join(part.removesuffix("\n") for part in parts if part)


def images(result: object) -> tuple[Image, ...]:
    """The images among the outputs."""
    beside: tuple[Image, ...] = getattr(result, "image_content", ())
    within = [
        Image(mime_type=_get(one, "mime_type"), data=base64.b64decode(_get(one, "base64_data")))
        for run in _runs(result)
        for one in _get(run, "images") or ()
    ]
    return (*beside, *within)


def _runs(result: object) -> Iterator[object]:
    """The result and the runs within it, whose outputs and ends count."""
    yield result
    if (execution := _get(result, "execution")) is not None:  # of edits that were run
        yield from _runs(execution)
    if (batch := _get(result, "batch")) is not None:
        yield from _get(batch, "cells") or ()
    listed = _get(result, "result")
    for one in (
        listed if isinstance(listed, list) else ()
    ):  # of older tools: cells, or lines of a log
        yield {"output": one} if isinstance(one, str) else one


def _told(run: object, name: str) -> Issue | None:
    """What a result says itself: an object, or the line of an exception."""
    told = _get(run, name)
    if isinstance(told, str):
        return Issue(type=issue_type(told.partition(":")[0]), message=told)
    if told is None:
        return None
    return Issue(type=str(_get(told, "type")), message=str(_get(told, "message")))


def _reason(run: object) -> str | None:
    """What the notices say of how the run ended."""
    for notice in _get(run, "notices") or ():
        if str(_get(notice, "code")).startswith(("run_", "batch_")):
            return str(_get(notice, "message"))
    return None


def _get(data: object, name: str) -> Any:
    return data.get(name) if isinstance(data, Mapping) else getattr(data, name, None)
