"""What is in the server's folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from fnmatch import fnmatchcase

from jmcp.core.errors import DirectoryMissing
from jmcp.core.ports import FileEntry
from jmcp.core.sessions.workspace import Workspace
from jmcp_api.models import FileList, FileRow, ListFilesParams
from jmcp_handlers.support.pages import fitting, rest_of

MAX_DIRECTORIES = 2_000
"""Folders that one listing opens: a home folder can hold a million files."""
WORKSPACE_DEPTH = 16
"""Folders deep that notebooks of the whole workspace are looked for."""


async def list_files(params: ListFilesParams, workspace: Workspace) -> FileList:
    entries = [
        entry
        async for entry in walk(workspace, params.path, params.max_depth)
        if not params.pattern or fnmatchcase(entry.path.rpartition("/")[2], params.pattern)
    ]
    entries.sort(key=lambda entry: entry.path)
    stop = params.start_index + params.limit if params.limit else len(entries)
    page = fitting((entry, len(entry.path)) for entry in entries[params.start_index : stop])
    return FileList(
        path=params.path,
        total=len(entries),
        start_index=params.start_index,
        files=[
            FileRow(
                path=entry.path,
                type=entry.type,
                size=entry.size,
                last_modified=entry.last_modified,
            )
            for entry in page
        ],
        more=rest_of(len(entries), params.start_index, len(page)),
    )


async def all_notebooks(
    workspace: Workspace, path: str = "", max_depth: int = WORKSPACE_DEPTH
) -> list[FileEntry]:
    """The notebooks in a folder and so many folders below it, by their paths."""
    depth = min(max_depth, WORKSPACE_DEPTH)
    found = [entry async for entry in walk(workspace, path, depth) if entry.type == "notebook"]
    return sorted(found, key=lambda entry: entry.path)


async def walk(workspace: Workspace, path: str, max_depth: int) -> AsyncIterator[FileEntry]:
    """Entries below a folder, breadth first. A folder that vanishes meanwhile is passed over."""
    level = [path]
    opened = 0
    for depth in range(max_depth + 1):
        below: list[str] = []
        for directory in level:
            if opened == MAX_DIRECTORIES:
                return
            opened += 1
            try:
                entries = await workspace.list_directory(directory)
            except DirectoryMissing:
                if depth == 0:
                    raise
                continue
            for entry in entries:
                yield entry
                if entry.type == "directory":
                    below.append(entry.path)
        level = below
