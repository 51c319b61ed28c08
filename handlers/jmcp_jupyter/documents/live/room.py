"""What live notebooks ask of rooms, in this process or another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from jmcp.core.ports import NotebookRef
from jmcp_jupyter.documents.common.bounded_cells import GrowthBound
from jmcp_jupyter.documents.live.save_supervisor import SaveSupervisor
from jmcp_jupyter.documents.live.shared_notebook import SharedNotebook


class Room(Protocol):
    """One open notebook that several clients share. HoldableRoom by whoever got it, until `release`."""

    changed_keys: Sequence[str]
    """What the document changes in the file by itself, until an edit tells of it."""
    followers: list[Callable[[], None]]
    """Called when `document` is another one than before."""

    @property
    def document(self) -> SharedNotebook:
        """The shared document as of now: a new connection brings a new one."""

    @property
    def saver(self) -> SaveSupervisor | None: ...
    @property
    def current(self) -> bool:
        """Whether `document` is whole, and the one that the notebook's clients share."""

    @property
    def reloading(self) -> bool:
        """Whether the document cannot be written now: it is being replaced, or not connected."""

    def hold(self) -> None:
        """Hold it once more: it takes as many releases."""

    def release(self) -> None: ...
    async def follow_file(self, path: str) -> None:
        """Have the document reloaded if somebody else has written the file, as far as that can be
        seen at once: an edit of the old content would have to be made again after the reload."""

    def check_writable(self, path: str) -> None:
        """Raises WriteRefused where the file may not be written, as far as that can be seen at once:
        nobody else would see an edit that only the document has."""

    def bound(self, path: str) -> GrowthBound | None:
        """How large the file is, and may become, as far as that is known without asking."""

    def edited(self) -> None:
        """The document has an edit of jmcp's."""

    async def confirm(self, document: SharedNotebook, path: str) -> None:
        """Return when all edits of that document are shared.

        Raises WriteRefused, JupyterUnreachable when they are not, or may not be.
        """

    async def deliver(self, write: Callable[[], None]) -> None:
        """Call `write` when the document can be written; return when what it wrote is shared."""


class Rooms(Protocol):
    """The rooms of one server."""

    remote: bool
    """Whether the document of a room may be behind that of the server."""

    async def open(self, ref: NotebookRef) -> Room:
        """The notebook's room, ready and held: the caller releases it.

        Raises NotebookMissing, NotebookBroken, NotebookTooLarge, PathRefused.
        """

    def get(self, key: str) -> Room | None:
        """What is known of a room that is open now; None where jmcp never wrote or read."""

    def exists(self, key: str) -> bool: ...
    @property
    def opened(self) -> int: ...
    async def close(self) -> None: ...
