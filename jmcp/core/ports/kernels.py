"""Kernels, and the connection to one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from jmcp.core.ports.cells import NotebookRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernelspec:
    name: str
    display_name: str
    language: str


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

OnInput = Callable[[str], Awaitable[str]]
"""Called with the prompt of each input that one run asks for on stdin; what it returns is the answer.
It is cancelled when the run is over."""


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
        on_input: OnInput | None = None,
    ) -> Reply:
        """Run code; returns when the reply and the idle status are both here, or the kernel is gone.

        `on_sent` is called once, before the request is on its way. Without `on_input`, code that
        asks for input raises. Serialising runs is the caller's
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
