"""The cells of a notebook, and where the outputs of a run go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from jmcp.core.editing.change_log import ChangeLog
from jmcp.core.notices import Notice

CellType = Literal["code", "markdown", "raw"]
DocumentMode = Literal["live", "file"]
SaveState = Literal["saved", "pending", "failed"]
FILE = "file"
"""What `Cells.loaded` is of a file, in which an edit is before it is acknowledged."""
ERROR_AMONG_LAST = 3
"""Outputs of a cell that are looked at for its exception: figures may be shown after it."""
EntryType = Literal["notebook", "file", "directory"]
Output = dict[str, Any]
"""One nbformat 4 output, exactly as a notebook file stores it."""
StoredCell = Mapping[str, Any]
"""One whole nbformat 4.5 cell, exactly as a notebook file stores it: outputs, metadata, attachments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookRef:
    """A notebook's one identity: `key` never changes, `path` follows renames.

    `key` is its jupyter_server_fileid id (the normalised path where that service is missing);
    `path` is relative to the server's root, with forward slashes and no leading one.
    """

    key: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A snapshot of one cell. `cell_id` is None below nbformat 4.5.

    `outputs` and `metadata` are empty unless the outputs were asked for: a listing needs neither,
    and reading them from a live document costs more than all the rest. `ename` is the name of the
    exception among its last ERROR_AMONG_LAST outputs, None where there is none.
    """

    index: int
    cell_id: str | None
    cell_type: CellType
    source: str
    execution_count: int | None = None
    outputs: tuple[Output, ...] = ()
    output_count: int = 0
    ename: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


class OutputSink(Protocol):
    """Where a run writes: one cell, followed wherever it moves. Holds the document until closed.

    All methods but `close` are synchronous and never raise because the cell is not there. Output
    positions count from 0 in this cell.
    """

    @property
    def deleted(self) -> bool:
        """Whether the cell is gone. One that comes back gets all that was written meanwhile."""

    @property
    def taken(self) -> bool:
        """Whether the cell shows a later run of somebody: writes go nowhere from then on."""

    def give_up(self) -> None:
        """Another run has the cell: write nothing more there, not even that this one ends."""

    def together(self) -> AbstractContextManager[None]:
        """What is changed inside reaches the document as one change."""

    def begin(self, *, keep: bool = False) -> None:
        """Clear the cell's outputs and execution count and show it as running.

        `keep`: the outputs stay, because the run that made them goes on.
        """

    def append(self, *outputs: Output) -> None:
        """Add outputs at the end, together."""

    def extend_text(self, position: int, text: str) -> None:
        """Append text to the stream output at that position."""

    def replace(self, position: int, output: Output) -> None:
        """Put another output at that position (display updates, carriage returns)."""

    def clear(self) -> None:
        """Drop all outputs."""

    def count(self, execution_count: int | None) -> None:
        """Set the execution count."""

    def end(self, *, running: bool = False) -> None:
        """Show the cell as idle and with its count; only `close` comes after that.

        `running`: jmcp stops, but not the run; the cell goes on showing that.
        """

    async def close(self, *, running: bool = False) -> None:
        """`end`, unless that was done; make all durable as the mode allows, release the document."""


EditKind = Literal[
    "insert", "set_source", "delete", "move", "set_kernelspec", "clear_outputs", "put_outputs"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change of one notebook, as it was made.

    `before` and `after` are the cell before and after it, None where the cell was not there; a move
    has both, at the two places. `was` and `now` are the ids of the cells beside it, above and
    below, before and after a change of places. `count` is how many cells there were before.
    `values` are those of a kernelspec: its name before (None for none), then name, display name and
    language. `stored` is the whole cell that was deleted or put back, or the `outputs` and the
    `execution_count` that a cell lost or got back.
    """

    kind: EditKind
    count: int
    before: Cell | None = None
    after: Cell | None = None
    was: tuple[str | None, str | None] = (None, None)
    now: tuple[str | None, str | None] = (None, None)
    values: tuple[str | None, ...] = ()
    stored: StoredCell | None = None


class EditSubscriber(Protocol):
    """Is told of each edit of a lease, when the document has it. Must not raise."""

    def on_edit(self, edit: Edit, cells: Cells) -> None: ...


class Cells(Protocol):
    """The cells of one notebook inside `read` or `edit`; indices are 0-based and checked by the caller.

    Every change is published to `subscribers` before the method returns.
    """

    subscribers: Sequence[EditSubscriber]

    ref: NotebookRef
    mode: DocumentMode

    @property
    def loaded(self) -> str:
        """Another value than before, within one `server_session`: the content was taken from the
        file since, and edits that it did not have are gone."""

    @property
    def version(self) -> int:
        """Counts changes by anyone within one `loaded`; never less than before."""

    @property
    def changes(self) -> ChangeLog:
        """Which cells anyone has changed, up to now."""

    def __len__(self) -> int: ...
    def get(self, index: int, *, outputs: bool = False) -> Cell: ...
    def find(self, cell_id: str) -> int | None:
        """The index of the cell with that id, or None."""

    def kernelspec(self) -> str | None:
        """The kernelspec name that the notebook's metadata holds."""

    @property
    def growth_left(self) -> int | None:
        """By how many bytes the notebook's file may still grow; None where its size is not known."""

    def check_growth(self, growth: int) -> None:
        """Make sure that the file may grow by so many bytes. Raises NotebookTooLarge."""

    def insert(
        self, index: int, cell_type: CellType, source: str, *, cell_id: str | None = None
    ) -> Cell:
        """Insert a cell, with an id of its own unless one that no cell has is given."""

    def whole(self) -> dict[str, Any]:
        """A copy of the whole notebook, exactly as its file would store it."""

    def stored(self, index: int) -> StoredCell:
        """A copy of the whole cell, for `restore`."""

    def restore(self, index: int, stored: StoredCell) -> Cell:
        """Insert a whole cell, whose id no cell has."""

    def set_source(self, index: int, source: str) -> None: ...
    def clear_outputs(self, index: int) -> None:
        """Take all outputs and the execution count from a code cell. What runs there goes on, and
        shows what it puts out from then on."""

    def put_outputs(
        self, index: int, outputs: Sequence[Output], execution_count: int | None
    ) -> None:
        """Give a code cell without outputs and execution count these."""

    def delete(self, index: int) -> None: ...
    def move(self, index: int, to: int) -> None:
        """Move a cell so that its index afterwards is `to`; id, outputs and metadata stay."""

    def set_kernelspec(self, name: str, display_name: str, language: str) -> None: ...
    def notices(self) -> Sequence[Notice]:
        """Side effects to tell the caller (`nbformat_minor` raised to 5, file replaced outside)."""
