"""Exceptions and warnings of Python as kernels tell them: by their names, and by what `warnings`
writes to stderr."""

from __future__ import annotations

import re

SEARCHED_CHARACTERS = 1_000_000
"""Of one output on stderr that are searched for a warning, which takes some 10 ms."""
_WARNING = re.compile(r"^[^\n]*?:\d+: ((?:[A-Za-z_][\w.]*)?Warning): (.*)$", re.MULTILINE)
"""The form of `warnings.formatwarning`: file, line, category and message. Only stderr is searched,
and a line without file and line number is what some program printed."""
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def python_warning(text: str) -> tuple[str, str] | None:
    """The category, without its module, and the message of the first warning on stderr."""
    found = _WARNING.search(text[:SEARCHED_CHARACTERS])
    return None if found is None else (found[1].rpartition(".")[2], found[2])


def issue_type(name: str) -> str:
    """The name of an exception or of a category in lower case words: ZeroDivisionError is
    zero_division_error."""
    return re.sub(r"\W+", "_", _WORD_START.sub("_", name)).strip("_").lower()
