"""Outputs as a result shows them: text within a budget, images beside it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from jmcp.core.calls.resources import Link
from jmcp.core.notices import ImagesLeftOut, OutputsNotShown
from jmcp.core.outputs import terminal
from jmcp.core.ports import Output as NotebookOutput
from jmcp.core.sessions.session import Session
from jmcp_api import limits, phrases
from jmcp_api.models import Output
from jmcp_handlers.support.outputs.html_text import html_text
from jmcp_handlers.support.outputs.images import IMAGE_TYPES, ImageRefusedError, scaled

Address = Callable[[int, str], str]
"""The URI of an output, by its number, in one of its MIME types."""
TEXT = "text/plain"
"""The one type of what was printed and of exceptions."""
MIME_TYPES = 20
"""MIME types of one output that a result names."""
NAME_CHARACTERS = 100
"""Characters of a stream's name, and of a MIME type, in a result."""
HTML_CHARACTERS = 100_000
"""Characters of the HTML of one output that are read for its text, which takes some 30 ms."""
_OBJECT = re.compile(r"<[^<>]*>")
"""The text that Python shows of an object without a better one, as `<IPython.core.display.HTML
object>`."""
_SOURCES = ("text/markdown", "text/latex", "text/html", "application/json", "application/geo+json")
"""MIME types that say more than the text of `_OBJECT`, in the order of preference."""


async def present(
    outputs: Sequence[NotebookOutput],
    session: Session,
    *,
    first: int = 0,
    start: int = 0,
    limit: int = limits.OUTPUT_CHARACTERS,
    budget: int = limits.RESULT_CHARACTERS,
    address: Address | None = None,
) -> list[Output]:
    """The outputs of a cell or a run, each within `limit` characters and all within `budget`, which is at least `limit`.

    Where there are too many, the first and the last ones, or a page from `first` on. With an
    `address`, what is not shown whole has a link, up to RESULT_LINKS of a result.
    """
    left = max(budget, limit)
    images = ImageBudget(session)
    shown = []
    for number, output in page(outputs, first, session):
        text = await plain_in_turns(output)
        cut, missing = clip(text, start, min(limit, left)) if text is not None else (None, 0)
        left = max(0, left - len(cut or ""))
        image = await images.attach(output)
        if "text/html" in output.get("data", ()):
            await asyncio.sleep(0)  # reading it takes its time, and there may be many
        link = image or (text_type(output) if missing and not start else None)
        room = len(session.workspace.links) < limits.RESULT_LINKS
        uri = address(number, link) if link and room and address is not None else None
        if uri is not None and link is not None:
            name = phrases.output_link(output=number, mime_type=link)
            session.workspace.link(Link(uri=uri, name=name, mime_type=link))
        shown.append(_output(output, cut, missing, uri))
    images.tell()
    return shown


def page(
    outputs: Sequence[NotebookOutput], first: int, session: Session
) -> Sequence[tuple[int, NotebookOutput]]:
    """The outputs that one result has room for, each with its number: a page from `first` on, else the
    first and the last ones, of which a notice tells."""
    limit = limits.RESULT_OUTPUTS
    numbered = list(enumerate(outputs[first : first + limit], first))
    if first or len(outputs) <= limit:
        return numbered
    head = limit * 2 // 3
    tail = limit - head
    session.notice(OutputsNotShown(head=head, tail=tail, count=len(outputs), limit=limit))
    return [*numbered[:head], *enumerate(outputs[-tail:], len(outputs) - tail)]


class ImageBudget:
    """Attaches the images of one result, and tells of those that are not sent."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._left_out = 0
        self._reasons: dict[str, None] = {}

    async def attach(self, output: NotebookOutput) -> str | None:
        """Attach the image of that output, if it has one. Returns the type of one that is left out."""
        data: dict[str, Any] = output.get("data", {})
        mime_type = next((one for one in IMAGE_TYPES if one in data), None)
        if mime_type is None:
            return None
        if not self._session.workspace.shows_images:
            self._leave_out(phrases.image_off())
            return mime_type
        if len(self._session.workspace.images) >= limits.RESULT_IMAGES:
            self._leave_out(phrases.image_count(limit=limits.RESULT_IMAGES))
            return mime_type
        try:
            self._session.workspace.attach(await scaled(mime_type, joined(data[mime_type])))
        except ImageRefusedError as refused:
            self._leave_out(str(refused))
            return mime_type
        return None

    def _leave_out(self, reason: str) -> None:
        self._left_out += 1
        self._reasons[reason] = None

    def tell(self) -> None:
        """Add the notice of the images that are not sent."""
        if self._left_out:
            notice = ImagesLeftOut(count=self._left_out, reasons=list(self._reasons))
            self._session.notice(notice)


async def as_text(output: NotebookOutput, limit: int) -> Output:
    """One output with at most so many characters of its text, and without images."""
    text = await plain_in_turns(output)
    cut, missing = clip(text, 0, limit) if text is not None else (None, 0)
    return _output(output, cut, missing, None)


def clip(text: str, start: int, limit: int) -> tuple[str, int]:
    """A page of a text and how many characters it leaves out; a first page keeps head and tail."""
    head, *tail = clipped(text, start, limit)
    shown = text[slice(*head)]
    if not tail:
        return shown, max(0, len(text) - start - len(shown))
    missing = tail[0][0] - head[1]
    note = phrases.characters_left_out(count=missing)
    return shown + note + text[slice(*tail[0])], missing


def clipped(text: str, start: int, limit: int) -> list[tuple[int, int]]:
    """The parts of a text that `clip` shows: from which character up to which."""
    if start or len(text) <= limit:
        return [(start, min(start + limit, len(text)))]
    head_end, tail_start = limit * 2 // 3, len(text) - (limit - limit * 2 // 3)
    # Half a line helps nobody, unless the lines are longer than what may be shown.
    if (line := text.rfind("\n", head_end // 2, head_end)) != -1:
        head_end = line
    if (line := text.find("\n", tail_start, tail_start + (len(text) - tail_start) // 2)) != -1:
        tail_start = line + 1
    return [(0, head_end), (tail_start, len(text))]


async def plain_in_turns(output: NotebookOutput) -> str | None:
    """As `plain`; during a long text, other calls get their turns."""
    text = joined(output.get("text", "")) if output["output_type"] == "stream" else ""
    if len(text) <= terminal.PIECE_CHARACTERS:
        return plain(output)
    shown = []
    for piece in terminal.pieces(text):
        shown.append(terminal.plain(piece))
        await asyncio.sleep(0)
    return "".join(shown)


def plain(output: NotebookOutput) -> str | None:
    """An output as text without control sequences; None when it has no text form."""
    kind = output["output_type"]
    if kind == "stream":
        return terminal.plain(joined(output.get("text", "")))
    if kind == "error":
        lines = output.get("traceback") or [
            error_line(str(output.get("ename") or ""), str(output.get("evalue") or ""))
        ]
        return terminal.plain("\n".join(lines))
    data: dict[str, Any] = output.get("data", {})
    shown = terminal.plain(joined(data["text/plain"])) if "text/plain" in data else None
    if shown is not None and not _OBJECT.fullmatch(shown.strip()):
        return shown
    sources = (_source(mime_type, data[mime_type]) for mime_type in _SOURCES if mime_type in data)
    return next(filter(None, sources), shown)


def _source(mime_type: str, value: Any) -> str:
    """A form of an output as text; empty where there is none in it."""
    if mime_type.endswith("json"):
        return json.dumps(value, ensure_ascii=False)
    text = joined(value)
    if mime_type != "text/html":
        return terminal.plain(text)
    read = terminal.plain(html_text(text, HTML_CHARACTERS))
    unread = len(text) - HTML_CHARACTERS
    return read + phrases.characters_left_out(count=unread) if read and unread > 0 else read


def error_line(ename: str, evalue: str) -> str:
    """An error in one line; those of some kernels have no name."""
    return f"{ename}: {evalue}" if ename else evalue


def joined(text: Any) -> str:
    """A text of nbformat, which may be a list of lines."""
    return "".join(text) if isinstance(text, list) else str(text)


def text_type(output: NotebookOutput) -> str:
    """The type that the text of an output is of, as `plain` chose it."""
    data: dict[str, Any] = output.get("data", {})
    shown = joined(data["text/plain"]) if "text/plain" in data else None
    if not data or (shown is not None and not _OBJECT.fullmatch(terminal.plain(shown).strip())):
        return TEXT
    sources = (one for one in _SOURCES if one in data and _source(one, data[one]))
    return next(sources, TEXT)


def _output(output: NotebookOutput, text: str | None, missing: int, uri: str | None) -> Output:
    kind = output["output_type"]
    rich = kind in ("execute_result", "display_data")
    return Output(
        output_type=kind,
        name=_stream_name(output) if kind == "stream" else None,
        text=text,
        left_out=missing or None,
        uri=uri,
        mime_types=_mime_types(output) if rich else None,
        ename=_error_value(output.get("ename")) if kind == "error" else None,
        evalue=_error_value(output.get("evalue")) if kind == "error" else None,
    )


def _stream_name(output: NotebookOutput) -> str | None:
    name = str(output.get("name"))[:NAME_CHARACTERS]
    return None if name == "stdout" else name


def _mime_types(output: NotebookOutput) -> list[str] | None:
    names = [name[:NAME_CHARACTERS] for name in sorted(output.get("data", {}))[:MIME_TYPES]]
    return None if names == ["text/plain"] else names


def _error_value(value: Any) -> str:
    return clip(str(value or ""), 0, limits.ERROR_VALUE_CHARACTERS)[0]
