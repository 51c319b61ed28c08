"""The Python in a cell's source, without what IPython alone understands."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

from jmcp_api import phrases

MENDED_LINES = 200
"""Lines of one cell that are taken for magics at most; each takes one more reading of the cell."""
PYTHON_CELL_MAGICS = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "python3"})
"""Cell magics that run the rest of their cell as Python in the kernel."""
PYTHON_LINE_MAGICS = frozenset({"time", "prun", "memit"})
"""Line magics that run the rest of their line as Python in the kernel."""
OTHER_CELL_MAGICS = frozenset(
    {"bash", "sh", "script", "system", "sx", "cmd", "javascript", "js", "perl", "ruby", "pypy"}
)
"""Cell magics of other languages, which define what their options name and nothing else."""
HARMLESS_CELL_MAGICS = frozenset({"html", "HTML", "markdown", "latex", "svg", "SVG", "writefile"})
"""Cell magics whose cells have no code."""
OPEN_MAGICS = frozenset({"run", "pylab", "store", "load", "macro", "edit", "loadpy", "recall"})
"""Line magics that define names which no reading of the cell tells."""
AUTOMAGICS = ("pip", "conda", "mamba", "cd", "ls", "ll", "cat", "cp", "mv", "rm", "mkdir", "rmdir")
"""Magics that people write without their %, where that is no Python."""
_AUTOMAGIC = re.compile(rf"\s*(?:{'|'.join(AUTOMAGICS)})[^\S\n]+\S.*")
_CELL_MAGIC = re.compile(r"\s*%%(\w+)[^\S\n]*([^\n]*)\n?")
_LINE_MAGIC = re.compile(r"(\s*)(?:%(\w+)|!|\?)(.*)")
_ASSIGNED_MAGIC = re.compile(r"(\s*)([\w\s,.\[\]'\"()*]+?)\s*=\s*(?:%\w|!)")
_HELP = re.compile(r"\s*[\w.*%\[\]'\"()]+\?{1,2}\s*(#.*)?")
_OPTION = re.compile(r"--(?:out|err|proc)[= ]\s*(\w+)")
_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonSource:
    """What could be read of a cell. `tree` is None where it is no Python: then `magic` names the cell
    magic that says so, or `problem` is what the parser said. `drops_names`: it runs in a namespace of
    its own. `open_names`: it may define names that are not known. `defines` are those of magics.
    """

    tree: ast.Module | None = None
    magic: str | None = None
    problem: str | None = None
    drops_names: bool = False
    open_names: bool = False
    defines: frozenset[str] = frozenset()


def read_python(source: str) -> PythonSource:
    """Read a cell. Raises nothing for what is no Python."""
    defines: set[str] = set()
    magic = None
    if found := _CELL_MAGIC.match(source):
        magic, rest = found[1], found[2]
        if magic in HARMLESS_CELL_MAGICS:
            return PythonSource(tree=ast.Module(body=[], type_ignores=[]))
        if magic not in PYTHON_CELL_MAGICS:
            return PythonSource(
                magic=magic,
                open_names=magic not in OTHER_CELL_MAGICS,
                defines=frozenset(_OPTION.findall(rest)),
            )
        if magic == "capture":
            defines |= set(_NAME.findall(re.sub(r"--?\S+", "", rest)))
        source = source[found.end() :]
    lines = source.split("\n")
    open_names = False
    for _ in range(MENDED_LINES):
        try:
            tree = _parsed("\n".join(lines))
        except (RecursionError, MemoryError):
            return PythonSource(problem=phrases.nested_too_deeply())
        except (SyntaxError, ValueError) as error:
            at = (getattr(error, "lineno", None) or 0) - 1
            mended = _mended(lines, at)
            if mended is None:
                problem = getattr(error, "msg", None) or str(error)
                if at >= 0:
                    problem = phrases.problem_in_line(problem=problem, line=at + 1)
                return PythonSource(problem=problem)
            open_names |= mended
        else:
            return PythonSource(
                tree=tree,
                drops_names=magic == "timeit",
                open_names=open_names,
                defines=frozenset(defines),
            )
    return PythonSource(magic="%", open_names=True)


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes in the people's strings
        flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        tree = compile(text, "<cell>", "exec", flags, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def _mended(lines: list[str], at: int) -> bool | None:
    """Put Python in place of the magic in that line: whether that may define names that are not
    known. None where there is no magic."""
    if not 0 <= at < len(lines):
        return None
    line = lines[at]
    is_open = False
    if assigned := _ASSIGNED_MAGIC.match(line):
        replacement = f"{assigned[1]}{assigned[2]} = None"
    elif found := _LINE_MAGIC.fullmatch(line):
        name, rest = found[2], found[3].strip()
        is_open = name in OPEN_MAGICS
        if name in PYTHON_LINE_MAGICS and rest:
            replacement = f"{found[1]}{rest}"
        else:
            replacement = f"{found[1]}pass"
    elif _HELP.fullmatch(line) or _AUTOMAGIC.fullmatch(line):
        replacement = line[: len(line) - len(line.lstrip())] + "pass"
    else:
        return None
    if replacement == line:
        return None
    below = at
    while lines[below].endswith("\\") and below + 1 < len(lines):
        below += 1
        lines[below - 1], continued = lines[below - 1][:-1], lines[below]
        lines[below] = "\\" if continued.endswith("\\") else ""
    lines[at] = replacement.rstrip("\\")
    return is_open
