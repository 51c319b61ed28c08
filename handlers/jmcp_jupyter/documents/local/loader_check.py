"""What a room's file loader reads, looked at before the room's document gets it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from jupyter_server_ydoc.utils import OutOfBandChanges

from jmcp.core.errors import NotebookBroken
from jmcp_jupyter.documents.common.models import check_content
from jmcp_jupyter.documents.common.notebook_fields import check_storable
from jmcp_jupyter.documents.common.shared_keys import changed_keys


class LoaderCheck:
    """Keeps a file loader of jupyter_server_ydoc from handing on what pycrdt panics at.

    A panic is no `Exception`: it ends the task that it meets, and leaves the document half
    replaced, which the room would save. A reload that is refused keeps the document as it was, and
    the file as well: `refused` is why nothing is saved until the file can be read again.
    """

    def __init__(self, loader: Any) -> None:
        self.refused: NotebookBroken | None = None
        self.changed_keys: Sequence[str] = ()
        """What a document that was loaded from it changes in the file by itself."""
        self._flaw: NotebookBroken | None = None
        """Why jmcp does not edit what was read last; rooms have it all the same."""
        self._loader = loader
        self._load, self._save = loader.load_content, loader.maybe_save_content
        loader.load_content, loader.maybe_save_content = self._load_checked, self._save_checked
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

    async def _load_checked(self, file_format: str, file_type: str) -> dict[str, Any]:
        model: dict[str, Any] = await self._load(file_format, file_type)
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
        return model

    async def _save_checked(self, model: dict[str, Any]) -> dict[str, Any] | None:
        if self.refused is not None:
            await self._load_checked(model["format"], model["type"])
            raise OutOfBandChanges  # it can be read again, and wins
        saved: dict[str, Any] | None = await self._save(model)
        return saved
