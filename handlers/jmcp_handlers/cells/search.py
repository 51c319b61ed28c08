"""Searching notebooks."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from jmcp.core.errors import BackendError
from jmcp.core.notices import NotebooksNotSearched, SearchCut
from jmcp.core.ports import Cells
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace
from jmcp_api import limits, phrases
from jmcp_api.models import Match, MatchList, SearchNotebookParams
from jmcp_handlers.notebooks.files import all_notebooks
from jmcp_handlers.support.pages import rest_of
from jmcp_handlers.support.search.cell_texts import CellText, cell_texts
from jmcp_handlers.support.search.line_matches import (
    LineMatch,
    Pattern,
    RegularExpression,
    TextPattern,
)

SEARCHED_CHARACTERS = 64_000_000
"""Characters that one search may look at: they are in memory together with its matches."""
TOGETHER_CHARACTERS = 4_000_000
"""Characters of several notebooks that are matched in one step."""
COUNTED_LINES = 10_000
"""Matching lines after which a search stops."""
WORKSPACE_SECONDS = 10.0
"""Seconds that a search of several notebooks may take."""
WORKSPACE_NOTEBOOKS = 1_000
"""Notebooks of the server's folder that are searched: the first ones by path."""
FILE_BYTES = 20_000_000
"""Largest file of a notebook that is searched without being open: reading a larger one delays other
calls."""
LINE_CHARACTERS = 200
"""Characters of a matching line that a result shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One line that matches."""

    text: CellText
    match: LineMatch


async def search_notebook(params: SearchNotebookParams, session: Session) -> MatchList:
    pattern = _pattern(params)
    notebook = await session.notebook(params.notebook_path)
    search = Search(params, pattern)
    if params.scope == "notebook":
        await search.add(notebook.ref.path, notebook.read)
    else:
        await _search_several(search, session, notebook)
    await search.match()
    if reasons := [*search.beyond, *search.cut]:
        session.notice(SearchCut(reasons=reasons))
    if search.unsearched:
        names = [
            phrases.unsearched_notebook(path=path, reason=reason)
            for path, reason in search.unsearched.items()
        ]
        session.notice(NotebooksNotSearched(count=len(names), notebooks=names))
    return await _page(search, params, notebook)


def _pattern(params: SearchNotebookParams) -> Pattern:
    """Raises pattern_invalid."""
    kind = RegularExpression if params.regex else TextPattern
    return kind(params.pattern, ignore_case=params.ignore_case)


class Search:
    """What is found so far. `cut` are the reasons why nothing more is searched, `unsearched` are
    the notebooks that were not, each with why, and `beyond` is said of those that have no name."""

    def __init__(self, params: SearchNotebookParams, pattern: Pattern) -> None:
        self.found: list[Found] = []
        self.cut: list[str] = []
        self.unsearched: dict[str, str] = {}
        self.beyond: list[str] = []
        self.params = params
        self._pattern = pattern
        self._texts: list[CellText] = []
        self._waiting = 0
        self._left = SEARCHED_CHARACTERS

    async def add(self, path: str, read: Callable[[], Awaitable[Cells]]) -> None:
        """Search a notebook, now or together with those that come."""
        texts, whole = await cell_texts(path, read, self.params.where, self._left)
        size = sum(len(one.text) for one in texts)
        self._texts += texts
        self._left -= size
        self._waiting += size
        if not whole:
            self.cut.append(phrases.search_characters(limit=SEARCHED_CHARACTERS))
        if self._waiting > TOGETHER_CHARACTERS:
            await self.match()

    async def match(self) -> None:
        """Match what was added."""
        texts, self._texts, self._waiting = self._texts, [], 0
        limit = COUNTED_LINES - len(self.found)
        matches = await self._pattern.find([one.text for one in texts], limit + 1)
        self.found += [Found(text=texts[one.text], match=one) for one in matches[:limit]]
        if len(matches) > limit:
            self.cut.append(phrases.search_lines(limit=COUNTED_LINES))


async def _search_several(search: Search, session: Session, notebook: Notebook) -> None:
    """Search the session's notebooks, or all that are below the server's folder, by their paths."""
    workspace = session.workspace
    if search.params.scope == "session":
        held = session.record.notebooks.values()
        keys: dict[str, str | None] = {one.ref.path: one.ref.key for one in held}
    else:
        keys = dict.fromkeys(await _paths(search, workspace))
    keys[notebook.ref.path] = notebook.ref.key
    until = time.monotonic() + WORKSPACE_SECONDS
    for done, (path, key) in enumerate(sorted(keys.items())):
        if time.monotonic() > until and not search.cut:
            left = len(keys) - done
            search.cut.append(phrases.search_seconds(limit=WORKSPACE_SECONDS, left=left))
        if search.cut:
            return
        if key == notebook.ref.key:
            await search.add(path, notebook.read)
            continue
        try:
            await _add_other(search, workspace, path, key)
        except BackendError as error:
            search.unsearched[path] = error.message


async def _paths(search: Search, workspace: Workspace) -> list[str]:
    """The notebooks below the server's folder."""
    found = await all_notebooks(workspace)
    if len(found) > WORKSPACE_NOTEBOOKS:
        search.beyond.append(phrases.search_notebooks(limit=WORKSPACE_NOTEBOOKS))
    kept = found[:WORKSPACE_NOTEBOOKS]
    large = [entry.path for entry in kept if (entry.size or 0) > FILE_BYTES]
    for path in large:
        search.unsearched[path] = phrases.search_large(limit=FILE_BYTES // 1_000_000)
    return [entry.path for entry in kept if entry.path not in search.unsearched]


async def _add_other(search: Search, workspace: Workspace, path: str, key: str | None) -> None:
    """Search a notebook that the call did not open. Raises as `Workspace.glance`."""
    ref = await workspace.identify(path) if key is None else await workspace.current(key)
    await search.add(ref.path, partial(workspace.glance, ref))


async def _page(search: Search, params: SearchNotebookParams, notebook: Notebook) -> MatchList:
    """A page of what was found, as long as it fits into a result."""
    cells = await notebook.read()
    several = params.scope != "notebook"
    shown: list[Match] = []
    left = limits.RESULT_CHARACTERS
    stop = params.start_index + (params.limit or len(search.found))
    for found in search.found[params.start_index : stop]:
        here = found.text.path == notebook.ref.path
        index = _seen(found, cells, notebook) if here else found.text.cell.index
        match = _match(found, index, params.context, path=found.text.path if several else None)
        left -= sum(map(len, (match.text, *(match.before or ()), *(match.after or ()))))
        if left < 0 and shown:
            break
        shown.append(match)
    total, start = len(search.found), params.start_index
    more = rest_of(total, start, len(shown))
    return MatchList(total=total, start_index=start, matches=shown, more=more)


def _seen(found: Found, cells: Cells, notebook: Notebook) -> int:
    """Where the cell is now that others had their turn, which the session is told."""
    cell = found.text.cell
    index = cells.find(cell.cell_id) if cell.cell_id is not None else None
    if index is None:
        return cell.index
    notebook.view.record_places(cells.get(index))
    return index


def _match(found: Found, index: int, context: int, *, path: str | None) -> Match:
    text, match = found.text.text, found.match
    begin = text.rfind("\n", 0, match.start) + 1
    end = text.find("\n", match.start)
    line = text[begin : end if end != -1 else len(text)]
    heading = found.text.heading(match.line)
    return Match(
        notebook_path=path,
        cell_index=index,
        cell_id=found.text.cell.cell_id,
        output=found.text.output,
        line=match.line + 1,
        text=_cut(line, match.start - begin, match.end - begin),
        before=_lines_above(text, begin, context) if context else None,
        after=_lines_below(text, end, context) if context else None,
        heading=heading.text if heading is not None else None,
    )


def _lines_above(text: str, begin: int, count: int) -> list[str]:
    lines: list[str] = []
    while begin and len(lines) < count:
        start = text.rfind("\n", 0, begin - 1) + 1
        lines.insert(0, _cut(text[start : begin - 1]))
        begin = start
    return lines


def _lines_below(text: str, end: int, count: int) -> list[str]:
    lines: list[str] = []
    while end != -1 and len(lines) < count:
        start, end = end + 1, text.find("\n", end + 1)
        lines.append(_cut(text[start : end if end != -1 else len(text)]))
    return lines


def _cut(line: str, start: int = 0, end: int = 0) -> str:
    """At most LINE_CHARACTERS of a line, with what is between `start` and `end` in the middle."""
    if len(line) <= LINE_CHARACTERS:
        return line
    begin = max(0, min((start + end - LINE_CHARACTERS) // 2, start, len(line) - LINE_CHARACTERS))
    stop = begin + LINE_CHARACTERS
    return ("…" if begin else "") + line[begin:stop] + ("…" if stop < len(line) else "")
