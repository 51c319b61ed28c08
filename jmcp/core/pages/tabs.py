"""What tabs of jmcp's labextension ask of the rooms of their notebooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

NONSENSE = 1003
"""A message that the endpoint cannot take (RFC 6455)."""
TOO_LARGE = 1009
TRY_LATER = 1013
READ_ONLY = 4403
NO_ROOM = 4404
OTHER_HISTORY = 4409


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who has the tab: `owner` as of sessions; `may_write` as Jupyter's authorizer says of contents;
    `client` as of `client_name`."""

    owner: str
    may_write: bool
    client: str = ""


class TabClosed(Exception):
    """The connection of a tab has to end, with that WebSocket close code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"close code {code}")
        self.code = code


class TabConnection(Protocol):
    """One tab that is connected to its room."""

    async def receive(self, message: bytes) -> None:
        """Take a message of the tab. Raises TabClosed, and the document is as before."""

    def close(self) -> None:
        """The tab is gone. Idempotent."""


class TabRooms(Protocol):
    """The rooms of one server, for tabs. Every method raises the BackendErrors of documents."""

    message_bytes: int
    """The largest message that a tab may send."""

    async def join(self, path: str, room: str | None, visitor: Visitor) -> Mapping[str, Any]:
        """Where a tab of the notebook at that path connects to; of that room's, if the tab has had one,
        wherever its file is by now. Raises as `Documents.open`."""

    async def connect(
        self,
        room: str,
        history: str | None,
        visitor: Visitor,
        *,
        send: Callable[[bytes], None],
        end: Callable[[int], None],
    ) -> TabConnection:
        """Connect a tab whose document has that history, None for an empty one.

        `send` and `end` (with a close code) must not raise. Raises TabClosed.
        """

    async def save(self, path: str, room: str | None) -> Mapping[str, Any]:
        """The contents model of the file, which has all that the room had when this was called.

        Raises WriteRefused, NotebookMissing, NotebookExists, PathRefused.
        """

    async def rejoin(
        self, path: str, room: str | None, base: Any, mine: Any, visitor: Visitor
    ) -> Mapping[str, Any]:
        """As `join`, after what a tab of another history made of `base` was joined into the room.

        `base` is the notebook that the tab last knew to be in the file (None: it knows of none), `mine`
        what it has. Raises as `Documents.open`.
        """

    async def revert(self, path: str, room: str | None) -> None:
        """Make the notebook in the room what its file is now; edits that are not saved are given up.
        Raises as `Documents.open`."""
