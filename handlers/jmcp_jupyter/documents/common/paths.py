"""Paths of notebooks as clients may write them."""

from __future__ import annotations

import os
import re
from pathlib import PureWindowsPath

from jmcp_api.backend_errors import NotebookMissing, PathRefused

NAME_BYTES = 255
"""Of one file or folder: NAME_MAX of every file system in use. Longer ones fail in odd places."""

PATH_BYTES = 2048
"""Of a whole path: half of Linux's PATH_MAX, which the root's own path counts towards too."""

UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, what turns the direction of a text, and halves of surrogate pairs: a name
with one reads as another name, breaks a log, or cannot be encoded."""


def normalise(path: str) -> str:
    """`path` with one spelling: relative, forward slashes, no empty and no `.` parts.

    Raises PathRefused for what could leave the root or name it differently: `..` is refused and
    not resolved, because two spellings of one file are two rooms that overwrite each other.
    """
    if "\0" in path:
        raise PathRefused.nul()
    if bad := UNPRINTABLE.search(path):
        raise PathRefused.unprintable(path=path, character=f"U+{ord(bad[0]):04X}")
    if "\\" in path:
        raise PathRefused.backslash(path=path)
    if path.startswith(("/", "~")):
        raise PathRefused.absolute(path=path)
    if PureWindowsPath(path).drive:
        raise PathRefused.drive(path=path)
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise PathRefused.parent(path=path)
    for part in parts:
        if (size := len(part.encode())) > NAME_BYTES:
            raise PathRefused.long_name(size=size, limit=NAME_BYTES)
    normal = "/".join(parts)
    if (size := len(normal.encode())) > PATH_BYTES:
        raise PathRefused.long_path(size=size, limit=PATH_BYTES)
    return normal


def notebook_path(path: str) -> str:
    """The one spelling of a path that a notebook may have. Raises PathRefused."""
    normal = normalise(path)
    if not normal.endswith(".ipynb"):
        raise PathRefused.not_a_notebook(path=path)
    return normal


def looks_hidden(path: str) -> bool:
    """Whether Jupyter hides a path by its name, where its configuration does not show it."""
    return any(part.startswith(".") for part in path.split("/"))


def is_below(root: str, path: str) -> bool:
    """Whether what is at `path`, with every link followed, is below the root."""
    at = root
    for part in path.split("/"):
        at = os.path.join(at, part)
        if os.path.islink(at):
            home = os.path.realpath(root)
            return os.path.commonpath([home, os.path.realpath(os.path.join(home, path))]) == home
    return True  # and no time is spent on the root's own path


def moved_away(last_path: str | None) -> NotebookMissing:
    """The error for a notebook whose file is gone, with the path that it had, if that is known."""
    if last_path:
        return NotebookMissing.gone_from(path=last_path)
    return NotebookMissing.gone(path=last_path)
