"""What a handler may ask of documents and kernels, wherever those live.

Local and remote adapters implement these protocols; nothing above them knows which one it has.
Every method may raise a `BackendError` subclass and nothing else on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernelspec:
    name: str
    display_name: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One row of a listing. `size` in bytes (None for a directory); `last_modified` ISO 8601 UTC."""

    path: str
    type: EntryType
    size: int | None
    last_modified: str
    created: str
    writable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One of Jupyter's checkpoints of a notebook. `last_modified` ISO 8601 UTC."""

    checkpoint_id: str
    last_modified: str


class Document(Protocol):
    """One notebook, held open: nothing takes it away between `open` and `close`."""

    ref: NotebookRef
    mode: DocumentMode

    async def read(self) -> Cells:
        """The cells as they are now, for reading until the caller next awaits anything."""

    def edit(self) -> AbstractAsyncContextManager[Cells]:
        """The cells for editing, one editor of a notebook at a time; on exit the document has it all.

        Leaving with an exception undoes nothing that a reader may have seen: callers check first,
        then change. Raises WriteRefused when the document did not take the edit.
        """

    async def outputs(self, cell: Cell) -> OutputSink:
        """A sink for a run of that cell, bound to the cell itself and not to its index. It holds
        the document by itself."""

    def close(self) -> None:
        """Hold it no more. Idempotent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How a Jupyter Server has notebooks: the mode of one that is opened now, the extension that
    shares them (None: nobody does), and the server's version, None where it does not say."""

    mode: DocumentMode
    provider: str | None
    version: str | None


class Documents(Protocol):
    """Notebooks and files under one root."""

    inside: bool
    """Whether this process is the Jupyter Server."""

    @property
    def url(self) -> str:
        """The server's address, without credentials."""

    async def sharing(self) -> Sharing:
        """Asked of the server now. Raises JupyterUnreachable, JupyterRefused, WriteRefused."""

    async def server_session(self) -> str:
        """Changes whenever Jupyter Server was started anew: live documents were loaded again.

        Asked with each reading and each edit, so it costs nothing while the connection stands.
        """

    async def identify(self, path: str) -> NotebookRef:
        """The one identity of the notebook at `path`. Raises PathRefused, NotebookMissing."""

    async def current(self, key: str) -> NotebookRef:
        """The same notebook after renames. Raises NotebookMissing when it was deleted."""

    async def create(
        self,
        path: str,
        kernelspec: Kernelspec | None = None,
        *,
        cells: Sequence[StoredCell] = (),
    ) -> NotebookRef:
        """A new notebook (nbformat 4.5) with these cells, or one empty code cell without any, for
        that kernel if given. Cells without an id get one.

        It is made with all of them or not at all. Raises NotebookExists, DirectoryMissing,
        PathRefused.
        """

    async def create_directory(self, path: str) -> None:
        """Make a folder, unless it is there; the one that it is to be in must be. Raises PathRefused,
        WriteRefused."""

    async def open(self, ref: NotebookRef) -> Document:
        """The notebook, held open until the caller closes it. `ref` is what `current` says now.

        Raises NotebookMissing, NotebookBroken, NotebookTooLarge, PathRefused.
        """

    async def glance(self, ref: NotebookRef) -> Cells:
        """The cells as they are now, for reading until the caller next awaits anything: those of
        the live document where one is open, else those of the file. Opens and holds nothing.

        Raises as `open`.
        """

    def save_state(self, key: str) -> SaveState: ...
    async def save(self, ref: NotebookRef) -> SaveState:
        """Force a save and verify it by the file's hash."""

    async def on_disk(self, ref: NotebookRef) -> Mapping[str, Any]:
        """What the notebook's file has now. Raises as `open`."""

    async def checkpoints(self, ref: NotebookRef) -> Sequence[Checkpoint]:
        """Jupyter's checkpoints of the notebook, the latest first. Raises NotebookMissing."""

    async def create_checkpoint(self, ref: NotebookRef) -> Checkpoint:
        """Have Jupyter keep the notebook's file as it is. Raises WriteRefused."""

    async def checkpoint(self, ref: NotebookRef, checkpoint_id: str) -> Mapping[str, Any] | None:
        """The content of one of its checkpoints; None where Jupyter shows it only by restoring it.

        Raises NotebookBroken."""

    async def restored(
        self, ref: NotebookRef, checkpoint_id: str
    ) -> tuple[Mapping[str, Any], bool]:
        """The content of one of its checkpoints, to be put into the document within this `edit`, and
        whether the file has it by now: where Jupyter shows it in no other way.

        Raises NotebookBroken, WriteRefused."""

    def saved_version(self, key: str) -> int | None:
        """The newest version of the live document that its file is known to have, and that no older
        save can follow. None where nothing is known: no live document, or it was not saved yet."""

    @property
    def opened(self) -> int:
        """How many live documents it has to do with just now."""

    async def check_file(self, path: str, *, overwrite: bool) -> str:
        """The one spelling of the path of a file that is no notebook, where one can be written now.

        Raises FileExists unless it is to be replaced, DirectoryMissing, PathRefused.
        """

    async def write_file(self, path: str, data: bytes, *, overwrite: bool) -> None:
        """Write a file that is no notebook, whole or not at all. Raises as `check_file`, and
        WriteRefused."""

    async def list_directory(self, path: str) -> Sequence[FileEntry]:
        """The entries of one directory. Raises DirectoryMissing, PathRefused."""

    async def close(self) -> None: ...


KernelState = Literal["starting", "idle", "busy", "dead", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelInfo:
    """A running kernel. `last_activity` ISO 8601 UTC; `notebook_path` of its Jupyter session."""

    kernel_id: str
    kernel_name: str
    display_name: str
    language: str
    state: KernelState
    connections: int
    last_activity: str
    notebook_path: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One run as the kernel's channel knows it: what another process of jmcp needs to hear of it.

    `channel` is the session id of the channel that sent it, `message_id` that of the request.
    `heard` is the id of the last message that the kernel published before jmcp left the channel,
    None where that is not known.
    """

    kernel_id: str
    channel: str
    message_id: str
    heard: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextInput:
    """Text that the code wants in a cell: in place of its own source (`%load`), or in a new cell below."""

    text: str
    replace: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How a run ended. `lost` says why there is no reply: the kernel died, or contact was lost.

    `incomplete` says why outputs may be missing: the server's own limit on the rate of output
    dropped some (`output_limit`), messages that the kernel made did not come (`gap`), or the channel was cut while others were on the kernel
    (`lost_contact`, then also in `lost` when the reply itself did not come). `heard` is, where jmcp
    left the channel, the id of the last message that came over it. `page` is, by media type, what
    the code showed in a pager (`len?`). `answer` is what became of the expression of
    `KernelConnection.ask`, as the protocol has it; None where the kernel evaluates none.
    """

    status: Literal["ok", "error", "aborted", "lost"]
    execution_count: int | None = None
    ename: str | None = None
    evalue: str | None = None
    traceback: tuple[str, ...] = ()
    lost: Literal["kernel_died", "kernel_restarted", "lost_contact"] | None = None
    incomplete: Literal["output_limit", "gap", "lost_contact"] | None = None
    heard: str | None = None
    page: Mapping[str, Any] | None = None
    next_input: NextInput | None = None
    answer: Mapping[str, Any] | None = None


LEFT_OUT: Final = "jmcp_left_out"
"""The type of a message that stands for what was too large to be read: its content may have
`outputs` and `characters`, which count that."""

OnMessage = Callable[[str, dict[str, Any], dict[str, Any]], None]
"""Called as (msg_type, content, metadata) for each iopub message of one run, in the kernel's order.
A long one may come in parts; of one that was too large comes LEFT_OUT."""


class KernelConnection(Protocol):
    """One kept-open connection to one kernel; dispatches iopub messages by parent message id."""

    kernel_id: str

    @property
    def generation(self) -> int:
        """Counts up by one with each new process under this id, whoever restarted it."""

    @property
    def process_name(self) -> str | None:
        """Names the kernel's process, to any process of jmcp; None for one that cannot be told."""

    async def run(
        self,
        code: str,
        on_message: OnMessage,
        *,
        store_history: bool = True,
        on_sent: Callable[[Request], None] | None = None,
    ) -> Reply:
        """Run code; returns when the reply and the idle status are both here, or the kernel is gone.

        `on_sent` is called once, before the request is on its way. Serialising runs is the caller's
        business. A cancelled `run` leaves the kernel running.
        """

    async def ask(
        self,
        expression: str,
        on_message: OnMessage,
        *,
        on_sent: Callable[[Request], None] | None = None,
    ) -> Reply:
        """Evaluate an expression of the kernel's language where its variables are; returns as `run`.

        Nobody sees it: it has no number, it is in no history, and its value is nobody's output.
        What its code prints comes as messages. `on_sent` is as in `run`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`generation` and `process_name` as `KernelConnection` has them, as far as they were seen."""

    alive: bool
    generation: int
    process_name: str | None = None


class Kernels(Protocol):
    """Kernels and their Jupyter sessions (what JupyterLab shows)."""

    stay: bool
    """Whether kernels go on when this process ends."""

    @property
    def url(self) -> str:
        """The address of their server, without credentials."""

    @property
    def connected(self) -> int:
        """How many kernels it has a connection to."""

    async def specs(self) -> tuple[Sequence[Kernelspec], str]:
        """All kernelspecs and the default one's name."""

    async def list(self) -> Sequence[KernelInfo]: ...
    async def find(self, ref: NotebookRef) -> str | None:
        """The id of the kernel of the notebook's Jupyter session, if it has one."""

    async def start(
        self, ref: NotebookRef, kernel_name: str | None, *, private: bool = False
    ) -> str:
        """Start a kernel in the notebook's directory and associate it with the notebook.

        `kernel_name` None is the server's default. Concurrent starts for one notebook make one
        kernel. A private one is always new and stays outside of the notebook's Jupyter session:
        `find` never returns it; where starting it fails, none is left. Raises KernelspecMissing,
        KernelDown.
        """

    async def attach(self, ref: NotebookRef, kernel_id: str) -> None:
        """Make an existing kernel the notebook's. Raises KernelMissing, KernelTaken."""

    async def connect(self, kernel_id: str) -> KernelConnection:
        """The one connection to that kernel, ready to run. Raises KernelMissing, KernelDown."""

    async def resume(self, request: Request, on_message: OnMessage) -> Reply:
        """Listen again to a run that an earlier process of jmcp sent, and return as `run` does.

        What Jupyter kept for that channel comes first. Where anything may be missing, the reply
        says so in `incomplete`, or is `lost` for `lost_contact`. Raises KernelMissing.
        """

    async def health(self, kernel_id: str) -> Health:
        """Whether its process lives. Costs next to nothing where it was asked a moment ago."""

    async def interrupt(self, kernel_id: str) -> None: ...
    async def restart(self, kernel_id: str) -> None:
        """Restart under the same id; returns when the new process is ready. Raises KernelDown."""

    async def shutdown(self, kernel_id: str) -> None:
        """Stop the kernel and delete its Jupyter session."""

    async def close(self) -> None: ...
