"""Whether each cell would find its names if all ran from top to bottom in a new kernel."""

from __future__ import annotations

import builtins
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jmcp.core.ports import Cell
from jmcp_api import phrases
from jmcp_api.enums import FindingCode
from jmcp_api.models import Finding
from jmcp_handlers.support.validation.findings import NAMES, Subject, finding
from jmcp_handlers.support.validation.name_flow import CellNames, cell_names
from jmcp_handlers.support.validation.python_source import PythonSource, read_python

CHECK_SECONDS = 5.0
"""For reading all cells; what is left then is said not to be checked."""
CELL_CHARACTERS = 100_000
"""Of a cell that is checked: to read more takes a tenth of a second in which nobody else has a turn."""
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
"""Of the Python that reads the cells, which need not be the kernel's."""
RUN_CHARACTERS = 200_000
"""Of the code of runs that is read for names which no cell defines."""
GIVEN = frozenset(dir(builtins)) | {
    *("get_ipython", "display", "In", "Out", "exit", "quit", "open"),
    *("ls", "ll", "pwd", "who", "whos"),  # magics without their %
    *("__name__", "__doc__", "__builtins__", "__builtin__", "__package__", "__loader__"),
}
"""Names that every kernel of Python has."""
_HISTORY = re.compile(r"_(?:\d+|i+\d*|_{0,2}|oh|ih|dh|sh|exit_code)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A cell and its names. `told`: a finding says already that it was not checked."""

    cell: Cell
    names: CellNames
    told: bool


def name_findings(subject: Subject) -> Iterator[Finding]:
    """Cells that a restart would break, and those that could not be checked for it."""
    if subject.language != "python":
        yield finding("not_checked", phrases.finding_other_language(language=subject.language))
        return
    until = time.monotonic() + CHECK_SECONDS
    read: list[Read] = []
    code = [one for one in subject.cells if one.cell_type == "code"]
    for number, cell in enumerate(code):
        if time.monotonic() > until:
            message = phrases.finding_no_time(seconds=CHECK_SECONDS, count=len(code) - number)
            yield finding("not_checked", message, cell)
            break
        if len(cell.source) > CELL_CHARACTERS:
            message = phrases.finding_long(limit=CELL_CHARACTERS)
            yield finding("not_checked", message, cell)
            read.append(Read(cell=cell, names=CellNames(open=True), told=True))
            continue
        source = read_python(cell.source)
        unread = CellNames(defines={*source.defines}, open=source.open_names)
        names = _names(source) or unread
        if source.magic is not None:
            yield finding("not_checked", phrases.finding_magic(magic=source.magic), cell)
        elif names is unread:
            # What a cell would define that does not run, nobody knows.
            names.open = True
            problem = source.problem or phrases.nested_too_deeply()
            yield finding(
                "syntax_error", phrases.finding_syntax(version=VERSION, problem=problem), cell
            )
        read.append(Read(cell=cell, names=names, told=names is unread))
    yield from _missing(read, subject)


def _names(source: PythonSource) -> CellNames | None:
    """The names of a cell; None where it could not be read."""
    try:
        names = cell_names(source.tree) if source.tree is not None else None
    except RecursionError:
        return None
    if names is None:
        return None
    names.defines |= source.defines
    names.open |= source.open_names
    if source.drops_names:
        names.defines, names.deletes = set(), set()
    return names


def _missing(read: Sequence[Read], subject: Subject) -> Iterator[Finding]:
    """Walk through the cells as a restart would run them."""
    first = _first_definitions(read)
    gone = _Gone(subject)
    known: set[str] = set(GIVEN)
    deleted: dict[str, Cell] = {}
    opened = False
    for one in read:
        names, cell = one.names, one.cell
        missing = [name for name in names.needs if not _is_known(name, known)]
        later = [
            name for name in names.may_need if name not in first and not _is_known(name, known)
        ]
        later = [name for name in later if name not in names.needs]
        if not opened:
            yield from _findings(cell, missing, later, first, deleted, gone)
        if names.open and not opened:
            opened = True
            if not one.told:
                yield finding("not_checked", phrases.finding_open_names(), cell)
        known |= names.defines
        known -= names.deletes
        deleted |= dict.fromkeys(names.deletes, cell)


def _findings(
    cell: Cell,
    missing: Iterable[str],
    later: Iterable[str],
    first: Mapping[str, Cell],
    deleted: Mapping[str, Cell],
    gone: _Gone,
) -> Iterator[Finding]:
    """One finding for each cause, with its names."""
    found: defaultdict[tuple[FindingCode, int | None], list[str]] = defaultdict(list)
    cells: dict[int, Cell] = {}
    for name in [*missing, *later]:
        there = deleted.get(name) or first.get(name)
        if there is not None:
            cells[there.index] = there
            code: FindingCode = "deleted_above" if name in deleted else "defined_below"
            found[code, there.index].append(name)
        else:
            found[gone.cause(name), None].append(name)
    for (code, index), names in found.items():
        if index is None:
            yield finding(code, _GONE[code](names=names[:NAMES]), cell, names=names)
        else:
            message = _ELSEWHERE[code](names=names[:NAMES], index=index)
            yield finding(code, message, cell, names=names, other=cells[index])


_ELSEWHERE: Mapping[FindingCode, Callable[..., str]] = {
    "defined_below": phrases.finding_defined_below,
    "deleted_above": phrases.finding_deleted_above,
}
_GONE: Mapping[FindingCode, Callable[..., str]] = {
    "definition_gone": phrases.finding_definition_gone,
    "definition_changed": phrases.finding_definition_changed,
    "defined_without_cell": phrases.finding_without_cell,
    "undefined_name": phrases.finding_undefined,
}


def _first_definitions(read: Sequence[Read]) -> dict[str, Cell]:
    first: dict[str, Cell] = {}
    for one in read:
        for name in one.names.defines:
            first.setdefault(name, one.cell)
    return first


def _is_known(name: str, known: set[str]) -> bool:
    return name in known or _HISTORY.fullmatch(name) is not None


class _Gone:
    """Where names come from that no cell defines: what ran is read when it is first asked for."""

    def __init__(self, subject: Subject) -> None:
        self._ran = subject.ran
        self._cells = {cell.cell_id: cell.source for cell in subject.cells}
        self._found: dict[str, FindingCode] | None = None

    def cause(self, name: str) -> FindingCode:
        if self._found is None:
            self._found = self._read()
        return self._found.get(name, "undefined_name")

    def _read(self) -> dict[str, FindingCode]:
        found: dict[str, FindingCode] = {}
        left = RUN_CHARACTERS
        for ran in reversed(self._ran):
            left -= len(ran.code)
            if left < 0:
                break
            code: FindingCode = "definition_gone"
            if ran.cell_id is None:
                code = "defined_without_cell"
            elif ran.cell_id in self._cells:
                code = "definition_changed"
            for name in _defined(ran.code):
                found.setdefault(name, code)
        return found


def _defined(code: str) -> Iterable[str]:
    tree = read_python(code).tree
    try:
        return cell_names(tree).defines if tree is not None else ()
    except RecursionError:
        return ()
