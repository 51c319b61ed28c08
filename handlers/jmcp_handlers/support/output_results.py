"""Outputs as a result shows them: text within a budget, images beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from jmcp.core.outputs import terminal
from jmcp.core.ports import Output as NotebookOutput
from jmcp.core.sessions.session import Workspace
from jmcp_api import phrases
from jmcp_api.models import Output
from jmcp_handlers.support.images import IMAGE_TYPES, scaled

OUTPUT_CHARACTERS = 4_000
"""Of one output in one result; the rest is there for read_cell's start and limit."""
RESULT_CHARACTERS = 20_000
"""Of all outputs of one result, about 5,000 tokens: well below where clients cut (25,000)."""
RESULT_IMAGES = 8
"""Images of one result; a model pays some 1,500 tokens for each."""
_TEXT_TYPES = ("text/plain", "text/markdown", "text/latex")


async def present(
    outputs: Sequence[NotebookOutput],
    workspace: Workspace,
    *,
    start: int = 0,
    limit: int = OUTPUT_CHARACTERS,
) -> list[Output]:
    """The outputs of a cell or a run, each within `limit` characters and all within the budget."""
    left = max(RESULT_CHARACTERS, limit)
    shown = []
    for output in outputs:
        text = plain(output)
        cut, missing = clip(text, start, min(limit, left)) if text is not None else (None, 0)
        left = max(0, left - len(cut or ""))
        await _attach_images(output, workspace)
        shown.append(_output(output, cut, missing))
    return shown


def clip(text: str, start: int, limit: int) -> tuple[str, int]:
    """A page of a text and how many characters it leaves out; a first page keeps head and tail."""
    if start:
        page = text[start : start + limit]
        return page, max(0, len(text) - start - len(page))
    if len(text) <= limit:
        return text, 0
    head_end, tail_start = limit * 2 // 3, len(text) - (limit - limit * 2 // 3)
    # Half a line helps nobody, unless the lines are longer than what may be shown.
    if (line := text.rfind("\n", head_end // 2, head_end)) != -1:
        head_end = line
    if (line := text.find("\n", tail_start, tail_start + (len(text) - tail_start) // 2)) != -1:
        tail_start = line + 1
    missing = tail_start - head_end
    note = phrases.characters_left_out(count=missing)
    return text[:head_end] + note + text[tail_start:], missing


def plain(output: NotebookOutput) -> str | None:
    """An output as text without control sequences; None when it has no text form."""
    kind = output["output_type"]
    if kind == "stream":
        return terminal.plain(_joined(output.get("text", "")))
    if kind == "error":
        lines = output.get("traceback") or [
            error_line(str(output.get("ename") or ""), str(output.get("evalue") or ""))
        ]
        return terminal.plain("\n".join(lines))
    data: dict[str, Any] = output.get("data", {})
    for mime_type in _TEXT_TYPES:
        if mime_type in data:
            return terminal.plain(_joined(data[mime_type]))
    if "application/json" in data:
        return json.dumps(data["application/json"], ensure_ascii=False)
    return None


def error_line(ename: str, evalue: str) -> str:
    """An error in one line; those of some kernels have no name."""
    return f"{ename}: {evalue}" if ename else evalue


def _joined(text: Any) -> str:
    return "".join(text) if isinstance(text, list) else str(text)


def _output(output: NotebookOutput, text: str | None, missing: int) -> Output:
    kind = output["output_type"]
    rich = kind in ("execute_result", "display_data")
    return Output(
        output_type=kind,
        name=output.get("name") if kind == "stream" else None,
        text=text,
        left_out=missing or None,
        mime_types=sorted(output.get("data", {})) if rich else None,
        ename=output.get("ename") if kind == "error" else None,
        evalue=output.get("evalue") if kind == "error" else None,
    )


async def _attach_images(output: NotebookOutput, workspace: Workspace) -> None:
    data: dict[str, Any] = output.get("data", {})
    for mime_type in IMAGE_TYPES:
        if mime_type in data and len(workspace.images) < RESULT_IMAGES:
            image = await scaled(mime_type, _joined(data[mime_type]))
            if image is not None:
                workspace.attach(image)
            return
