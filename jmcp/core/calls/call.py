"""What goes into a call and what comes out of it, the same on every surface."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import uuid4

from jmcp.core.calls.principal import SCOPES, Scope
from jmcp.core.calls.resources import Content, Link
from jmcp.core.calls.tool import Api
from jmcp.core.errors import ToolError
from jmcp.core.observe.metrics import Metrics
from jmcp.core.pages.pages import Way
from jmcp.core.runs.record.progress import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, and over what.

    `owner` is the principal that sessions belong to. `connection` names what can stand for "this
    client" where the transport has such a thing: a stdio process or a handshake-era MCP session;
    None for stateless requests. `authenticated` decides how long a minted handle must be.
    `client` is the name that the caller's program gave itself; `views`: it says that it shows views.
    `user` is what people call the owner, for logs, where that is something else.
    `of_page`: a person's page in a browser calls, and no agent.
    `scopes` are what the caller may do; `request_id` names this call in logs.
    `report`, where the caller asked for it, is told how far the call is. `confirmed` is what a
    person at the client was asked about before this call and agreed to (`confirmation.marks`).
    `expected` are the tags that the cells which the call names must have one of; None: any.
    """

    owner: str
    authenticated: bool
    connection: str | None = None
    client: str | None = field(default=None, compare=False)
    views: bool = field(default=False, compare=False)
    user: str | None = field(default=None, compare=False)
    of_page: bool = field(default=False, compare=False)
    scopes: frozenset[Scope] = SCOPES
    request_id: str = field(default_factory=lambda: uuid4().hex[:12], compare=False)
    report: Report | None = field(default=None, compare=False)
    confirmed: frozenset[str] = field(default=frozenset(), compare=False)
    expected: frozenset[str] | None = field(default=None, compare=False)

    @property
    def told_apart_by(self) -> str | None:
        """What tells this owner's clients apart: the connection, else the name of the program."""
        return self.connection if self.connection is not None else self.client


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that goes beside a result, never into its JSON. `data` is base64."""

    mime_type: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A finished call: either `result` or `error`. `text` is what a model reads in both cases.

    `content` is all of what the result describes, where somebody can ask for that. `links` lead to
    what it does not show whole. `view` is what the client's view gets, which no model reads. `tag` is that of the cell that the result is about.
    """

    tool: str
    text: str
    result: dict[str, Any] | None = None
    images: tuple[Image, ...] = ()
    content: Content | None = None
    links: tuple[Link, ...] = ()
    view: Mapping[str, Any] | None = None
    tag: str | None = None
    error: ToolError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebooksStatus:
    """`way` is how a page that is opened now has its notebooks, None while nobody can tell; `pages` are
    those that are connected, None where none can be."""

    way: Way | None = None
    pages: int | None = None


KernelStatus = Literal["alive", "dead", "not_initialized", "error", "unknown"]
"""How the kernel of a caller's current notebook is. `not_initialized`: there is no notebook, or it
has had no kernel. `error`: asking failed. `unknown`: nobody can tell now."""


class UnknownToolError(LookupError):
    """No tool has that name: a mistake in the protocol, not in the arguments."""


class Watching(Protocol):
    """What a client is told of, until `close`. `closed`: it is not told any more."""

    closed: bool

    def close(self) -> None: ...


class Follows(Protocol):
    """What goes on in a server, for one who looks on, until `close`."""

    @property
    def ended(self) -> bool:
        """Whether nothing follows, because the server ends."""

    async def next_events(self, seconds: float) -> list[tuple[str, dict[str, Any]]]:
        """What is new, as (name, data); nothing after so many seconds, or at the end. Raises
        StateUnavailable."""

    def close(self) -> None: ...


class Calls(Protocol):
    """All that a transport knows of the server behind it."""

    api: Api

    async def start(self) -> None: ...
    async def close(self) -> None: ...
    @property
    def metrics(self) -> Metrics | None:
        """What was counted; None before there is anything to call."""

    @property
    def lab_url(self) -> str | None:
        """Where browsers have the server of JupyterLab, as `LabPages.base`; None also while nobody
        can tell."""

    @property
    def stopping(self) -> bool:
        """Whether new calls are refused, because the server is about to end."""

    async def drain(self, seconds: float) -> None:
        """From now on refuse new calls. Returns when those under way are answered: what has not
        ended by itself after so long is answered with how far it is."""

    async def live_sessions(self) -> int | None:
        """How many sessions there are, as of a moment ago; None while nobody can tell."""

    async def notebooks(self) -> NotebooksStatus:
        """How pages of JupyterLab have notebooks. Never raises, and takes a second at most."""

    async def kernel_status(self, caller: Caller) -> KernelStatus:
        """How the kernel is of the notebook that is current in the caller's shared session, or else
        in the one that the caller used last. Never raises, and takes a second or two at most."""

    async def watch(
        self,
        path: str,
        cell_id: str | None,
        caller: Caller,
        *,
        tell: Callable[[], Awaitable[None]],
        reachable: Callable[[], bool | None],
    ) -> Watching:
        """Call `tell` whenever others have changed the notebook, or that cell of it, while the client
        is `reachable`; None when it is gone. That the caller may read it, a call has shown before.

        Raises ToolError.
        """

    def follow(self, arguments: dict[str, Any], caller: Caller) -> Follows:
        """What goes on, as it changes, with the arguments of list_activity. Raises ToolError."""

    async def call(self, name: str, arguments: dict[str, Any], caller: Caller) -> Outcome:
        """Run one tool. Every failure but an UnknownToolError is an Outcome with an error."""
