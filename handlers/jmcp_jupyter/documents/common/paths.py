"""Paths of notebooks as clients may write them."""

from __future__ import annotations

import os
import re
from pathlib import PureWindowsPath

from jmcp.core.errors import NotebookMissing, PathRefused

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
        raise PathRefused("The path contains a NUL character. Give a plain relative path.")
    if bad := UNPRINTABLE.search(path):
        raise PathRefused(
            f"The path {path!a} contains U+{ord(bad[0]):04X}, which a name cannot show. "
            "Give a plain relative path."
        )
    if "\\" in path:
        raise PathRefused(f"The path {path!r} contains a backslash. Separate folders with '/'.")
    if path.startswith(("/", "~")) or PureWindowsPath(path).drive:
        raise PathRefused(
            f"The path {path!r} is absolute. Give it relative to the server's root directory."
        )
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise PathRefused(f"The path {path!r} contains '..'. Give it relative to the root.")
    for part in parts:
        if (size := len(part.encode())) > NAME_BYTES:
            raise PathRefused(f"A name in the path has {size} bytes; the limit is {NAME_BYTES}.")
    normal = "/".join(parts)
    if (size := len(normal.encode())) > PATH_BYTES:
        raise PathRefused(f"The path has {size} bytes; the limit is {PATH_BYTES}.")
    return normal


def notebook_path(path: str) -> str:
    """The one spelling of a path that a notebook may have. Raises PathRefused."""
    normal = normalise(path)
    if not normal.endswith(".ipynb"):
        raise PathRefused(f"{path!r} is not a notebook: its name does not end in '.ipynb'.")
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


def leaves_root(path: str) -> PathRefused:
    return PathRefused(f"{path!r} is a link out of the server's folder, and is not followed.")


def hidden(path: str) -> PathRefused:
    return PathRefused(f"{path!r} is hidden, and this server does not serve hidden files.")


def is_directory(path: str) -> PathRefused:
    return PathRefused(f"{path!r} is a directory, not a notebook.")


def no_notebook(path: str) -> NotebookMissing:
    return NotebookMissing(
        f"There is no notebook at {path!r}. list_files shows what is there; "
        "use_notebook with mode create makes a new one.",
        path=path,
    )


def moved_away(last_path: str | None) -> NotebookMissing:
    gone = f" (last known at {last_path!r})" if last_path else ""
    return NotebookMissing(f"The notebook was deleted or moved away{gone}.", path=last_path)
