"""What generated code declares: tools, routes and the session policy, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from jmcp.core.calls.model import Params, Result
from jmcp.core.calls.principal import Scope
from jmcp.core.calls.prompts import Prompt
from jmcp.core.calls.resources import ResourceTemplate, View
from jmcp.core.calls.tables import Table
from jmcp.core.errors import ToolError
from jmcp.core.outputs.output_limits import OutputLimits
from jmcp.core.sentences import ConfirmationRequired, Errors, Phrases

SessionUse = Literal["required", "opens", "none"]
Access = Literal["shared", "exclusive"]
OnDisconnect = Literal["detach", "interrupt"]
CONFIRMATION_REQUIRED = "confirmation_required"
"""The code of the error that refuses a call until somebody confirms it."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool as every surface knows it.

    `handler` is the field of `Handlers` that serves it: its own name, or for an alias the tool it
    stands for. `either` are groups of params that name one thing: a call gives at least one of each, and
    several only where they agree, which the handler checks. `synonyms` maps accepted names to params,
    `ignored` are accepted and have no effect; `presets` and `renames` belong to aliases.
    `scope` is what a caller has to be allowed for it.
    `on_disconnect`, for tools that run code: what becomes of a run whose caller left. `while_paused`: it
    goes on in a session that a person has paused, though it is not read-only. `tables` are
    the lists in its result that travel as tables. `view` is the URI of the one that shows its result;
    `for_view`: that calls it, and no model sees it. `package`, with its version, brings the tool where
    that is not jmcp; `text` is then the name of its result's text.
    """

    name: str
    handler: str
    toolset: str
    params: type[Params]
    result: type[Result]
    session: SessionUse
    access: Access
    read_only: bool
    scope: Scope
    on_disconnect: OnDisconnect | None = None
    while_paused: bool = False
    either: tuple[tuple[str, ...], ...] = ()
    synonyms: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    ignored: frozenset[str] = frozenset()
    presets: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    renames: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    tables: tuple[Table, ...] = ()
    errors: tuple[type[ToolError], ...] = ()
    view: str | None = None
    for_view: bool = False
    package: str = ""
    text: str = ""

    @property
    def text_name(self) -> str:
        """The name of the text of its result."""
        return self.text or self.result.__name__

    @property
    def confirms(self) -> bool:
        """Whether it can be refused until somebody confirms it."""
        return any(error.code == CONFIRMATION_REQUIRED for error in self.errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One REST operation. `path` is whole, from the root of the site, with Starlette's `{name}`
    placeholders.

    `stream`: it can answer with events, and then takes these arguments where none are given.
    `content`: it answers with the content of the outcome, and not with its result. `events`: it can
    go on with what changes, for as long as the client stays.
    `conditional`: a GET of a cell has an ETag, anything else goes by an If-Match.
    `paged`: its result is one page of a list.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    tool: str
    status: int
    path_params: tuple[str, ...]
    stream: Mapping[str, Any] | None = None
    content: bool = False
    events: bool = False
    conditional: bool = False
    paged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`sessions.yaml` at run time.

    `images`: results carry images. `errors` and `phrases` have the sentences that the core says; `session_errors` are the classes
    of all errors that any session tool can meet; `notices` makes the sentence of a notice from
    what the notice carries, by code.
    """

    errors: Errors
    phrases: Phrases
    session_errors: tuple[type[ToolError], ...]

    minted_authenticated: Literal["base32", "uuid4"]
    minted_anonymous: Literal["base32", "uuid4"]
    minted_length: int
    reserved_handle: str
    shared_handle: str
    next_call: str
    next_shared: str
    lookup: tuple[str, ...]
    idle_hours: float
    sweep_hours: float
    sessions_per_owner: int
    notebooks_per_session: int
    runs_per_session: int
    session_calls_per_second: float
    owner_calls_per_second: float
    run_output: OutputLimits
    notices: Mapping[str, Callable[..., str]]
    backend_errors: Mapping[str, type[ToolError]]
    images: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedToolset:
    """A toolset of another package, with its version. The two files are as those of `Api`, with all
    of its tools, also where one of them could not be used."""

    name: str
    doc: str
    package: str
    listing_file: str
    openapi_file: str


ALL_TOOLSETS = "all"
"""The name that stands for every toolset of the spec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Everything generated, gathered by the composition root for dispatch and the transports.

    `listing_file` has the MCP `tools/list` entries in spec order, `openapi_file` the OpenAPI
    document as committed. `title`, `website` and `icon`, a URI, are what MCP clients show of the
    server. `added` are the toolsets of other packages, whose tools, routes, texts and notices are among
    the others already; `left_out` those that are installed and of which not all can be used, by name,
    and why.
    The models of `text_clients`, by the names that MCP clients give
    themselves, get no text of a result that has structured content too; `unannotated_clients` show
    the view of a tool only where that has no annotations. `confirmation` has what a
    call comes to that was not confirmed.
    """

    tools: Mapping[str, Tool]
    prompts: Mapping[str, Prompt]
    resources: tuple[ResourceTemplate, ...]
    views: tuple[View, ...]
    policy: Policy
    routes: tuple[Route, ...]
    texts: Mapping[str, str]
    instructions: str
    title: str
    website: str
    icon: str
    text_clients: frozenset[str]
    unannotated_clients: frozenset[str]
    confirmation: ConfirmationRequired
    listing_file: str
    openapi_file: str
    added: tuple[AddedToolset, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
