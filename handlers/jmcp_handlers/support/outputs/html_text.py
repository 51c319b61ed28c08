"""HTML as text: what a person would read of it, with tables as Markdown has them.

Not html.parser, nor what is built on it: in Python 3.11 it takes minutes for 90 kB of `<a `, and
what is called here runs between other calls. `docs/decisions/0029-html-as-text.md` has the figures.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from jmcp_handlers.support.outputs.text_tables import TextTable

SKIPPED = frozenset({"script", "style", "head", "title", "template", "svg", "noscript", "iframe"})
"""Elements whose content is left out."""

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")

TABLES = ("table", "tr", "td", "th")

PARAGRAPHS = frozenset({*HEADINGS, "p", "pre", "blockquote"})
"""Elements with an empty line before and after."""

LINES = frozenset(
    {"address", "article", "aside", "center", "dd", "details", "div", "dl", "dt", "fieldset"}
    | {"figcaption", "figure", "footer", "form", "header", "hr", "li", "main", "nav", "ol"}
    | {"section", "summary", "ul"}
)
"""Elements that begin and end a line."""

_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")
_TAG_END = re.compile(r"[>\"']")
_SPAN = re.compile(r"\b(colspan|rowspan)\s*=\s*[\"']?(\d{1,4})", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


def html_text(source: str, limit: int) -> str:
    """The text of the first `limit` characters of HTML, however broken; takes linear time."""
    reader = _TextReader()
    for tag, text in _tokens(source[:limit]):
        if tag:
            reader.read_tag(tag)
        elif text:
            reader.read_text(html.unescape(text))
    return reader.end()


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    """The tags (without their brackets) and the texts between them, as (tag, text)."""
    position, lowered = 0, source.lower()
    while (at := source.find("<", position)) != -1:
        yield "", source[position:at]
        if source.startswith("<!--", at):
            position = _behind(source.find("-->", at), 3, source)
        elif source.startswith(("<!", "<?"), at):
            position = _behind(source.find(">", at), 1, source)
        elif found := _NAME.match(source, at + 1):
            end = _tag_end(source, found.end())
            yield source[at + 1 : end], ""
            position = end + 1
            name = found[1].lower()
            if name in SKIPPED and source[at + 1] != "/":
                position = _behind(lowered.find(f"</{name}", position), 0, source)
        else:
            yield "", "<"
            position = at + 1
    yield "", source[position:]


def _behind(found: int, length: int, source: str) -> int:
    """The position after what was found; the end of the text if it was not found."""
    return len(source) if found == -1 else found + length


def _tag_end(source: str, position: int) -> int:
    """Where the tag ends: a quoted value may have the bracket in it."""
    while found := _TAG_END.search(source, position):
        if found[0] == ">":
            return found.start()
        closing = source.find(found[0], found.end())
        if closing == -1:  # a quote that is none; nor is any later one worth the search
            end = source.find(">", found.end())
            return len(source) if end == -1 else end
        position = closing + 1
    return len(source)


class _TextReader:
    """Takes tags and texts in their order. Of a table within a table only the words are kept."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._newlines = 0
        """Before the next text."""
        self._verbatim = 0
        self._table: TextTable | None = None
        self._table_depth = 0

    def read_text(self, text: str) -> None:
        if self._table is not None:
            self._table.write(text)
        elif self._verbatim:
            self._write(text)
        else:
            text = _SPACE.sub(" ", text)
            self._write(text.lstrip() if self._newlines or not self._pieces else text)

    def read_tag(self, tag: str) -> None:
        found = _NAME.match(tag)
        assert found is not None
        name, closing = found[1].lower(), tag.startswith("/")
        if name in TABLES:
            self._read_table_tag(name, tag, closing=closing)
        elif self._table is not None:
            if name == "br" or name in PARAGRAPHS or name in LINES:
                self._table.write(" ")
        elif name == "br":
            self._break(1)
        elif name in PARAGRAPHS or name in LINES:
            self._break(2 if name in PARAGRAPHS else 1)
            if name == "pre":
                self._verbatim = max(0, self._verbatim + (-1 if closing else 1))
            elif not closing and name == "li":
                self._write("- ")
            elif not closing and name in HEADINGS:
                self._write("#" * (HEADINGS.index(name) + 1) + " ")

    def end(self) -> str:
        self._close_table()
        return "\n".join(line.rstrip() for line in "".join(self._pieces).split("\n")).strip()

    def _break(self, newlines: int) -> None:
        self._newlines = max(self._newlines, newlines)

    def _write(self, text: str) -> None:
        if not text:
            return
        if self._pieces:
            self._pieces.append("\n" * self._newlines)
        self._newlines = 0
        self._pieces.append(text)

    def _read_table_tag(self, name: str, tag: str, *, closing: bool) -> None:
        if name == "table":
            self._table_depth = max(0, self._table_depth + (-1 if closing else 1))
            if self._table is None and not closing:
                self._table = TextTable()
            elif self._table_depth == 0:
                self._close_table()
        elif self._table is None or self._table_depth > 1:
            self.read_text(" ")
        elif name == "tr":
            self._table.end_row()
        elif closing:
            self._table.end_cell()
        else:
            spans = {kind.lower(): int(count) for kind, count in _SPAN.findall(tag)}
            self._table.begin_cell(spans.get("colspan", 1), spans.get("rowspan", 1))

    def _close_table(self) -> None:
        if self._table is not None:
            text, self._table, self._table_depth = self._table.end(), None, 0
            self._break(2)
            self._write(text)
            self._break(2)
