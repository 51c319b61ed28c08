"""What a room's file loader reads, looked at before the room's document gets it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar

from jupyter_server.utils import ensure_async
from jupyter_server_ydoc.utils import OutOfBandChanges
from tornado.web import HTTPError

from jmcp.core.errors import NotebookBroken
from jmcp_jupyter.documents.common.models import check_content
from jmcp_jupyter.documents.common.notebook_fields import check_storable
from jmcp_jupyter.documents.common.shared_keys import changed_keys
from jmcp_jupyter.documents.local.files.contents import modified
from jmcp_jupyter.documents.local.files.file_guard import FileGuard
from jmcp_jupyter.documents.local.files.file_models import FileModels
from jmcp_jupyter.documents.local.files.identity import RENAME_WAITS_SECONDS

NOT_FOUND = 404
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """A notebook that a room and its file both had, when that file was written, and where it was."""

    content: Mapping[str, Any] | None
    modified: datetime | None
    path: str | None


class LoaderCheck:
    """Keeps a file loader of jupyter_server_ydoc from handing on what pycrdt panics at, and from
    writing over a file that its notebook's room has not seen.

    A panic is no `Exception`: it ends the task that it meets, and leaves the document half
    replaced, which the room would save. A reload that is refused keeps the document as it was, and
    the file as well: `refused` is why nothing is saved until the file can be read again.
    """

    def __init__(self, loader: Any) -> None:
        self.refused: NotebookBroken | None = None
        self.changed_keys: Sequence[str] = ()
        """What a document that was loaded from it changes in the file by itself."""
        self.loaded: Mapping[str, Any] | None = None
        """The model that was read last of a notebook, until both agree on something."""
        self.agreed: Agreed | None = None
        """What the notebook's room and its file last both had; None before it was loaded."""
        self._former: Agreed | None = None
        """What they had before that."""
        self._flaw: NotebookBroken | None = None
        """Why jmcp does not edit what was read last; rooms have it all the same."""
        self._loader = loader
        self._load: Callable[..., Awaitable[dict[str, Any]]] = loader.load_content
        self._save: Callable[..., Awaitable[dict[str, Any] | None]] = loader.maybe_save_content
        self._write: Callable[..., Awaitable[dict[str, Any]]] = loader._save_content
        loader.load_content, loader.maybe_save_content = self._load_checked, self._save_checked
        loader._save_content = self._write_checked
        loader.jmcp_check = self

    @classmethod
    def of(cls, loader: Any) -> Self:
        """The check of a loader, which has one from then on."""
        check: Self | None = getattr(loader, "jmcp_check", None)
        return cls(loader) if check is None else check

    @property
    def path(self) -> str | None:
        """Where the file is; None where it was deleted."""
        try:
            path: str = self._loader.path
        except RuntimeError:
            return None
        return path

    def require_editable(self) -> None:
        """Raises NotebookBroken where jmcp does not edit what was read last."""
        if self._flaw is not None:
            raise self._flaw

    def agree(self, content: Mapping[str, Any] | None, modified: datetime | None) -> None:
        """The room has what the file has that was written then; None: that file cannot be read, and
        may be written over."""
        if content is None and self.agreed is not None:
            content = self.agreed.content
        self.loaded, self._former = None, self.agreed
        self.agreed = Agreed(content=content, modified=modified, path=self.path)

    async def _load_checked(self, file_format: str, file_type: str) -> dict[str, Any]:
        model = await self._following(lambda: self._load(file_format, file_type))
        if file_type != "notebook":
            return model
        path, content = self._loader.path, model["content"]
        self._recall(path, model["last_modified"])
        self._flaw = self.refused = None
        try:
            check_content(path, content)
            self.changed_keys = changed_keys(content)
        except NotebookBroken as error:
            self._flaw = error
        try:
            check_storable(path, content, finite=False)
        except NotebookBroken as error:
            self._flaw = self.refused = error
            raise
        self.loaded = model
        return model

    async def _following(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What the loader does with its file, once more where that has just been renamed."""
        for wait in RENAME_WAITS_SECONDS:
            path = self._loader.path
            try:
                return await ask()
            except HTTPError as error:
                if error.status_code != NOT_FOUND:
                    raise
            async with FileGuard.unmoved(self._manager, path):
                pass  # a rename that goes on
            await asyncio.sleep(wait)
        return await ask()

    def _recall(self, path: str, written: datetime) -> None:
        """Take back what was agreed on with a file that a save has made anew where the notebook was before
        a rename: the notebook itself is still as it was."""
        agreed, former = self.agreed, self._former
        if agreed is None or former is None or agreed.path == path:
            return
        if written == former.modified != agreed.modified:
            self.agreed = former

    async def _save_checked(self, model: dict[str, Any]) -> dict[str, Any] | None:
        if self.refused is not None and model["type"] == "notebook":
            await self._load_checked(model["format"], model["type"])
            raise OutOfBandChanges  # it can be read again
        return await self._following(lambda: self._save(model))

    async def _write_checked(
        self, model: dict[str, Any], done: asyncio.Event, *path: str
    ) -> dict[str, Any]:
        """What the loader does once it holds its lock and the file is the one that it knows.

        It may know of a file that the room does not: it looks by itself, and an editor of the
        file's text has a room of the same loader. A save that is cancelled goes on in here. And the
        file may have been renamed since the loader took its path, or deleted: it is not made anew.
        """
        try:
            async with self._unmoved() as now:
                return await self._write_at(now, model, done, *path)
        finally:
            done.set()

    async def _write_at(
        self, now: str, model: dict[str, Any], done: asyncio.Event, *path: str
    ) -> dict[str, Any]:
        notebook, agreed = model["type"] == "notebook", self.agreed
        if notebook and agreed is not None and agreed.modified != self._loader.last_modified:
            raise OutOfBandChanges
        if notebook and self._differs(now):
            raise OutOfBandChanges
        saved = await self._write(model, done, *(now for _ in path))
        if notebook:
            if self._loader.path != now:
                raise OutOfBandChanges  # it was renamed by others than who waits for saves
            self.agree(model["content"], saved["last_modified"])
        return saved

    @asynccontextmanager
    async def _unmoved(self) -> AsyncIterator[str]:
        """The file's path, which stays that meanwhile. Raises HTTPError 404 where there is no file, and
        RuntimeError where it has no path any more."""
        while True:
            path: str = self._loader.path
            async with FileGuard.unmoved(self._manager, path):
                if not await self._is_there(path):
                    raise HTTPError(NOT_FOUND, f"No such file or directory: {path}")
                if self._loader.path == path:
                    yield path
                    return

    async def _is_there(self, path: str) -> bool:
        """Whether a file is at the path. Without awaiting anything where it is and Jupyter has files in a
        folder: a manager that is not asynchronous renames in between."""
        if modified(self._manager, path) is not None:
            return True
        return bool(await ensure_async(self._manager.file_exists(path)))

    def _differs(self, path: str) -> bool:
        """Whether the file there is another one than the loader knows, as far as Jupyter's own managers
        of files have that: somebody may have written it while this waited."""
        if not type(self._manager).__module__.startswith("jupyter_server."):
            return False
        written = modified(self._manager, path)
        return written is not None and written != self._loader.last_modified

    @property
    def _manager(self) -> Any:
        return FileModels.behind(self._loader._contents_manager)
