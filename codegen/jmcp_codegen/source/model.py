"""What the emitters print: names, order and types, all decided before any template runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jmcp_codegen.source.names import camel
from jmcp_codegen.source.schema import Schema
from jmcp_codegen.source.sentences import Sentence, signature

Use = Literal["required", "opens", "none"]
Place = Literal["path", "query", "body"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageModel:
    """One sentence of an error. `details` are the Python types of what goes beside it."""

    name: str
    sentence: Sentence
    details: Mapping[str, str]

    @property
    def signature(self) -> str:
        """The params of its constructor: what the sentence takes, then the other details."""
        params = self.sentence.params
        others = {name: kind for name, kind in self.details.items() if name not in params}
        return ", ".join(filter(None, ["cls", signature({**params, **others})]))

    @property
    def arguments(self) -> str:
        """What it passes on to the class."""
        return ", ".join([self.sentence.source, *(f"{name}={name}" for name in self.details)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorModel:
    """One entry of the error vocabulary."""

    code: str
    http: int
    fault: str
    retry: str
    doc: str
    messages: tuple[MessageModel, ...]

    @property
    def class_name(self) -> str:
        return camel(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendErrorModel:
    """One error of documents and kernels, and the error that it becomes."""

    kind: str
    becomes: ErrorModel
    messages: tuple[MessageModel, ...]

    @property
    def class_name(self) -> str:
        return camel(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseModel:
    """A sentence that stands by itself: a phrase, or the sentence of a notice."""

    name: str
    sentence: Sentence

    @property
    def signature(self) -> str:
        return signature(self.sentence.params)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeModel(PhraseModel):
    """A notice by its code. `do` is what a client does about it; `message` the template as it is."""

    message: str
    do: str

    @property
    def class_name(self) -> str:
        return camel(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumModel:
    """A named list of words, with those of the enum that it extends."""

    name: str
    doc: str
    values: tuple[str, ...]

    @property
    def words(self) -> str:
        """As the arguments of a `Literal`."""
        return ", ".join(map(repr, self.values))


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteModel:
    """One REST operation. `path` is below the prefix of all.

    `places` says where each param travels (one that the path replaces is not in it); `groups` are
    the either groups that the path leaves open; `stream` the params that a stream of events
    takes by default, if there can be one. `content`: it answers with bytes; a placeholder at the end
    of its path takes all that is left of one. `events`: it can answer with what changes, for as long as
    the client stays. `conditional`: its GET has an ETag, all else goes by If-Match. `paged`: its
    result is one page of a list, of which `more` leads to the next.
    """

    operation: str
    method: str
    path: str
    status: int
    places: Mapping[str, Place]
    groups: tuple[tuple[str, ...], ...]
    stream: Mapping[str, Any] | None
    content: bool = False
    events: bool = False
    conditional: bool = False
    paged: bool = False

    def at(self, place: Place) -> tuple[str, ...]:
        return tuple(name for name, where in self.places.items() if where == place)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleModel:
    """One call, and what it comes to; `answer` is what a server answered to it over HTTP, as far as
    that is recorded."""

    name: str
    call: Mapping[str, Any]
    returns: Mapping[str, Any] | None
    raises: str | None
    answer: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewModel:
    """A page that shows results in the chat. `file` is the built page."""

    name: str
    uri: str
    title: str
    description: str
    file: str
    clipboard: bool
    border: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolModel:
    """One tool. Schemas still have references; `result` has the session's fields merged in. `view`
    shows its result; `for_view`: that calls it, and no model."""

    name: str
    handler: str
    group: str
    toolset: str
    title: str
    summary: str
    description: str
    use: Use
    access: str
    on_disconnect: str | None
    while_paused: bool
    scope: str
    annotations: Mapping[str, bool]
    params: Schema
    result_type: str
    result: Schema
    either: tuple[tuple[str, ...], ...]
    synonyms: Mapping[str, str]
    ignored: tuple[str, ...]
    always_loaded: bool
    view: ViewModel | None
    for_view: bool
    presets: Mapping[str, Any]
    renames: Mapping[str, str]
    errors: tuple[ErrorModel, ...]
    routes: tuple[RouteModel, ...]
    examples: tuple[ExampleModel, ...]

    @property
    def class_name(self) -> str:
        return camel(self.name)

    @property
    def params_class(self) -> str:
        return f"{self.class_name}Params"

    @property
    def in_session(self) -> bool:
        return self.use != "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceModel:
    """One kind of resource. `parts` says of each part of its URI what it is, where a client can
    complete it."""

    name: str
    uri: str
    title: str
    description: str
    mime_type: str | None
    parts: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptArgumentModel:
    """One argument of a prompt. `completes` is what its values are, where a client can complete
    them."""

    name: str
    description: str
    required: bool
    completes: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptModel:
    """One prompt. `cites` is the tool whose text its template has as `cited`, called with the
    arguments that `citing` has for its params."""

    name: str
    title: str
    description: str
    arguments: tuple[PromptArgumentModel, ...]
    cites: str | None
    citing: Mapping[str, str]
    text: str


Section = Literal["types", "enums", "errors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedNames:
    """What a toolset of another package has from jmcp: its code is there already."""

    types: frozenset[str]
    enums: frozenset[str]
    errors: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiModel:
    """A whole spec. `sessions` is sessions.yaml as it is; `texts` are by type. `shared`, of a toolset
    of another package, are those of its names that are jmcp's."""

    package: str
    instructions: str
    title: str
    website: str
    icon: str
    text_clients: tuple[str, ...]
    unannotated_clients: tuple[str, ...]
    rest_prefix: str
    rest_version: str
    groups: Mapping[str, str]
    toolsets: Mapping[str, str]
    types: Mapping[str, Schema]
    enums: tuple[EnumModel, ...]
    param_types: frozenset[str]
    tool_errors: tuple[ErrorModel, ...]
    session_errors: tuple[ErrorModel, ...]
    backend_errors: tuple[BackendErrorModel, ...]
    notices: tuple[NoticeModel, ...]
    phrases: tuple[PhraseModel, ...]
    tools: tuple[ToolModel, ...]
    resources: tuple[ResourceModel, ...]
    views: tuple[ViewModel, ...]
    prompts: tuple[PromptModel, ...]
    texts: Mapping[str, str]
    sessions: Mapping[str, Any]
    shared: SharedNames | None = None
    errors: Mapping[str, ErrorModel] = field(init=False)

    def __post_init__(self) -> None:
        every = (*self.session_errors, *self.tool_errors)
        object.__setattr__(self, "errors", {error.code: error for error in every})

    @property
    def classes(self) -> dict[str, Schema]:
        """All models by class name: the params of each tool first, in spec order."""
        return {**{tool.params_class: tool.params for tool in self.tools}, **self.own_types}

    @property
    def own_types(self) -> dict[str, Schema]:
        return {name: one for name, one in self.types.items() if not self.is_shared("types", name)}

    @property
    def own_errors(self) -> tuple[ErrorModel, ...]:
        """The errors whose classes are generated."""
        if self.shared is None:
            return tuple(self.errors.values())
        return tuple(one for one in self.tool_errors if not self.is_shared("errors", one.code))

    def is_shared(self, section: Section, name: str) -> bool:
        """Whether that name of a toolset of another package is jmcp's."""
        return self.shared is not None and name in getattr(self.shared, section)

    def model(self, type_name: str) -> str:
        """The class of a type, as generated modules write it."""
        return f"{'jmcp_' * self.is_shared('types', type_name)}models.{type_name}"

    def error(self, error: ErrorModel) -> str:
        """The class of an error, as generated modules write it."""
        return f"{'jmcp_' * self.is_shared('errors', error.code)}errors.{error.class_name}"

    def enum(self, name: str) -> str:
        """The type of an enum, as generated modules write it."""
        return f"{'jmcp_' * self.is_shared('enums', name)}enums.{name}"

    @property
    def routes(self) -> tuple[tuple[ToolModel, RouteModel], ...]:
        return tuple((tool, route) for tool in self.tools for route in tool.routes)
