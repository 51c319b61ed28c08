"""Paths of notebooks as clients may write them."""

from __future__ import annotations

from jmcp.runtime.errors import NotebookMissing, PathRefused

NAME_BYTES = 255
"""Of one file or folder: NAME_MAX of every file system in use. Longer ones fail in odd places."""


def normalise(path: str) -> str:
    """`path` with one spelling: relative, forward slashes, no empty and no `.` parts.

    Raises PathRefused for what could leave the root or name it differently: `..` is refused and
    not resolved, because two spellings of one file are two rooms that overwrite each other.
    """
    if "\0" in path:
        raise PathRefused("The path contains a NUL character. Give a plain relative path.")
    if "\\" in path:
        raise PathRefused(f"The path {path!r} contains a backslash. Separate folders with '/'.")
    if path.startswith(("/", "~")):
        raise PathRefused(
            f"The path {path!r} is absolute. Give it relative to the server's root directory."
        )
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise PathRefused(f"The path {path!r} contains '..'. Give it relative to the root.")
    for part in parts:
        if len(part.encode()) > NAME_BYTES:
            raise PathRefused(
                f"A name in the path has {len(part.encode())} bytes; the limit is {NAME_BYTES}."
            )
    return "/".join(parts)


def notebook_path(path: str) -> str:
    """The one spelling of a path that a notebook may have. Raises PathRefused."""
    normal = normalise(path)
    if not normal.endswith(".ipynb"):
        raise PathRefused(f"{path!r} is not a notebook: its name does not end in '.ipynb'.")
    return normal


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
