"""Exporting a notebook to other formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from jmcp.core.errors import BackendError, DirectoryMissing
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace
from jmcp_api.backend_errors import FileExists
from jmcp_api.errors import ExportFailed, InvalidArguments, PartlyDone
from jmcp_api.models import ExportedNotebook, ExportNotebookParams
from jmcp_handlers.notebooks.language import language_of
from jmcp_handlers.support.export.conversion import convert

MOST_FILES = 500
"""Files of one export."""
SHOWN_FILES = 20


async def export_notebook(params: ExportNotebookParams, session: Session) -> ExportedNotebook:
    notebook = await session.notebook(params.notebook_path)
    workspace, kind = session.workspace, params.format
    path = params.path or f"{notebook.ref.path.removesuffix('.ipynb')}.{kind}"
    if PurePosixPath(path).suffix != f".{kind}":
        raise InvalidArguments.export_suffix(path=path, suffix=kind)
    # Before any work, for what can be known by now.
    path = await workspace.check_file(path, overwrite=params.overwrite)
    content = (await notebook.read()).whole()
    language = language_of(content)
    if kind == "py" and language != "python":
        raise ExportFailed.other_language(kind=kind, path=notebook.ref.path, language=language)
    folder, _, name = path.rpartition("/")
    made = await convert(content, kind, name.removesuffix(f".{kind}"))
    if len(made) > MOST_FILES:
        raise ExportFailed.too_many_files(kind=kind, count=len(made), limit=MOST_FILES)
    prefix = f"{folder}/" if folder else ""
    files = {f"{prefix}{one}": data for one, data in made.items()}
    await _write(files, workspace, overwrite=params.overwrite)
    images = [one for one in files if one != path]
    return ExportedNotebook(
        path=path,
        size=len(files[path]),
        images=images[:SHOWN_FILES] or None,
        left_out=max(0, len(images) - SHOWN_FILES) or None,
    )


async def _write(files: Mapping[str, bytes], workspace: Workspace, *, overwrite: bool) -> None:
    """Write the images and then the file that refers to them, which is the first one."""
    path, *images = files
    if images:
        await _make_folder(images, workspace, overwrite=overwrite)
    for written, one in enumerate((*images, path)):
        try:
            await workspace.write_file(one, files[one], overwrite=overwrite)
        except BackendError as error:
            if not written:
                raise
            raise PartlyDone.exported(
                count=written, total=len(files), path=one, reason=error.message
            ) from error


async def _make_folder(images: Sequence[str], workspace: Workspace, *, overwrite: bool) -> None:
    """Make the folder of the images. Raises FileExists for one that is there already."""
    folder = images[0].rpartition("/")[0]
    try:
        taken = {entry.path for entry in await workspace.list_directory(folder)}
    except DirectoryMissing:
        await workspace.create_directory(folder)
        return
    if not overwrite and (found := next((one for one in images if one in taken), None)):
        raise FileExists.there(path=found)
