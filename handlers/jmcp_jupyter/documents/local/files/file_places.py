"""Where the files of known notebooks are, so that one that was moved can be found again."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

SEARCHED_ENTRIES = 100_000
"""Files and folders that a search looks at: below a second, in a thread of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a file keeps when it is moved within a file system. The inode alone does not tell it
    from a file that was made after it was deleted.
    """

    device: int
    inode: int
    modified_ns: int
    size: int


class FilePlaces:
    """The files of notebooks by key, below the root of a server on a local file system."""

    def __init__(self) -> None:
        self._marks: dict[str, Mark] = {}
        self._keys: dict[Mark, str] = {}

    def remember(self, key: str, file: str) -> None:
        """Note what that notebook's file is now."""
        mark = _mark(file)
        if mark is None or self._marks.get(key) == mark:
            return
        self._keys.pop(self._marks.get(key, mark), None)
        self._marks[key], self._keys[mark] = mark, key

    def unchanged(self, key: str, file: str) -> bool:
        """Whether that file is what the notebook's was when it was noted."""
        known = self._marks.get(key)
        return known is not None and known == _mark(file)

    def key_of(self, file: str) -> str | None:
        """The notebook that a file is, or was when it was looked at last."""
        mark = _mark(file)
        return None if mark is None else self._keys.get(mark)

    def find(self, key: str, root: str, *, hidden: bool) -> str | None:
        """The path below the root that the notebook's file has now. Blocks while it searches."""
        mark = self._marks.get(key)
        if mark is None:
            return None
        for entry in _entries(root, hidden=hidden):
            if entry.inode() == mark.inode and _mark(entry.path) == mark:
                return os.path.relpath(entry.path, root).replace(os.sep, "/")
        return None


def _entries(root: str, *, hidden: bool) -> Iterator[os.DirEntry[str]]:
    """The notebooks below a folder, those near to it first."""
    folders, left = deque([root]), SEARCHED_ENTRIES
    while folders and left > 0:
        try:
            with os.scandir(folders.popleft()) as entries:
                for entry in entries:
                    left -= 1
                    if entry.name.startswith(".") and not hidden:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif entry.name.endswith(".ipynb"):
                        yield entry
        except OSError:  # gone meanwhile, or closed to the server
            continue


def _mark(file: str) -> Mark | None:
    try:
        stat = os.stat(file)
    except OSError:
        return None
    return Mark(
        device=stat.st_dev,
        inode=stat.st_ino,
        modified_ns=stat.st_mtime_ns,
        size=stat.st_size,
    )
