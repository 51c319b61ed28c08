"""What a room's file loader reads, looked at before the room's document gets it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from jupyter_server_ydoc.utils import OutOfBandChanges

from jmcp.core.errors import NotebookBroken
from jmcp_jupyter.documents.common.models import check_content
from jmcp_jupyter.documents.common.notebook_fields import check_storable
from jmcp_jupyter.documents.common.shared_keys import changed_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """A notebook that a room and its file both had, and when that file was written."""

    content: Mapping[str, Any] | None
    modified: datetime | None


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
        self._flaw: NotebookBroken | None = None
        """Why jmcp does not edit what was read last; rooms have it all the same."""
        self._loader = loader
        self._load, self._save = loader.load_content, loader.maybe_save_content
        self._write = loader._save_content
        loader.load_content, loader.maybe_save_content = self._load_checked, self._save_checked
        loader._save_content = self._write_checked
        loader.jmcp_check = self

    @classmethod
    def of(cls, loader: Any) -> Self:
        """The check of a loader, which has one from then on."""
        check: Self | None = getattr(loader, "jmcp_check", None)
        return cls(loader) if check is None else check

    def require_editable(self) -> None:
        """Raises NotebookBroken where jmcp does not edit what was read last."""
        if self._flaw is not None:
            raise self._flaw

    def agree(self, content: Mapping[str, Any] | None, modified: datetime | None) -> None:
        """The room has what the file has that was written then; None: that file cannot be read, and
        may be written over."""
        if content is None and self.agreed is not None:
            content = self.agreed.content
        self.loaded = None
        self.agreed = Agreed(content=content, modified=modified)

    async def _load_checked(self, file_format: str, file_type: str) -> dict[str, Any]:
        model: dict[str, Any] = await self._load(file_format, file_type)
        if file_type != "notebook":
            return model
        path, content = self._loader.path, model["content"]
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

    async def _save_checked(self, model: dict[str, Any]) -> dict[str, Any] | None:
        if self.refused is not None and model["type"] == "notebook":
            await self._load_checked(model["format"], model["type"])
            raise OutOfBandChanges  # it can be read again
        saved: dict[str, Any] | None = await self._save(model)
        return saved

    async def _write_checked(
        self, model: dict[str, Any], done: asyncio.Event, *path: str
    ) -> dict[str, Any]:
        """What the loader does once it holds its lock and the file is the one that it knows.

        It may know of a file that the room does not: it looks by itself, and an editor of the
        file's text has a room of the same loader. A save that is cancelled goes on in here.
        """
        notebook, agreed = model["type"] == "notebook", self.agreed
        if notebook and agreed is not None and agreed.modified != self._loader.last_modified:
            done.set()
            raise OutOfBandChanges
        saved: dict[str, Any] = await self._write(model, done, *path)
        if notebook:
            self.agree(model["content"], saved["last_modified"])
        return saved
