"""From a checked spec to the model that the emitters print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jmcp_codegen.source.enums import declared, resolved, words
from jmcp_codegen.source.load import Spec
from jmcp_codegen.source.merge import merged_params, merged_result, resolved_alias
from jmcp_codegen.source.model import (
    ApiModel,
    BackendErrorModel,
    EnumModel,
    ErrorModel,
    ExampleModel,
    MessageModel,
    NoticeModel,
    PhraseModel,
    PromptArgumentModel,
    PromptModel,
    ResourceModel,
    SharedNames,
    ToolModel,
    ViewModel,
)
from jmcp_codegen.source.names import snake
from jmcp_codegen.source.routes import routes
from jmcp_codegen.source.schema import reachable, refs
from jmcp_codegen.source.sentences import DETAILS, parse

Raw = Mapping[str, Any]


def build(spec: Spec, package: str, shared: SharedNames | None = None) -> ApiModel:
    """The model of a spec that `check` accepted. `shared` are those of its names that are jmcp's."""
    enums = _enums(spec)
    spec = resolved(spec)
    tools, sessions = spec.tools.data, spec.sessions.data
    types = tools["types"]
    tool_errors = _errors(tools.get("errors", {}))
    session_errors = _errors(sessions["errors"])
    errors = {error.code: error for error in (*session_errors, *tool_errors)}
    raw_tools = written_out(tools["tools"])
    results = {tool["result"] for tool in raw_tools.values()}
    views = {name: _view(name, raw) for name, raw in tools.get("views", {}).items()}
    in_params = {name for tool in raw_tools.values() for name in refs(tool["params"])}
    return ApiModel(
        package=package,
        instructions=tools["instructions"].strip(),
        title=tools["server"]["title"],
        website=tools["server"]["website"],
        icon=tools["server"]["icon"],
        text_clients=tuple(tools.get("text_clients", ())),
        unannotated_clients=tuple(tools.get("unannotated_clients", ())),
        rest_prefix=tools["rest"]["prefix"],
        rest_version=tools["rest"]["version"],
        groups=tools["groups"],
        toolsets=tools["toolsets"],
        types=types,
        enums=enums,
        param_types=frozenset(reachable(in_params, types)),
        tool_errors=tool_errors,
        session_errors=session_errors,
        backend_errors=tuple(
            BackendErrorModel(kind=kind, becomes=errors[entry["becomes"]], messages=messages(entry))
            for kind, entry in sessions["backend_errors"].items()
        ),
        notices=tuple(
            NoticeModel(name=code, sentence=parse(entry["message"]), **entry)
            for code, entry in sessions["notices"].items()
        ),
        phrases=tuple(
            PhraseModel(name=name, sentence=parse(text))
            for data in (sessions, tools)
            for name, text in data.get("phrases", {}).items()
        ),
        tools=tuple(
            _tool(name, tool, types, sessions, errors, views, spec.answers.get(name, {}))
            for name, tool in raw_tools.items()
        ),
        resources=tuple(_resource(name, raw) for name, raw in tools.get("resources", {}).items()),
        views=tuple(views.values()),
        prompts=tuple(_prompt(name, raw) for name, raw in tools.get("prompts", {}).items()),
        texts={name: spec.texts[snake(name)] for name in types if name in results},
        sessions=sessions,
        shared=shared,
    )


def written_out(tools: Raw) -> dict[str, dict[str, Any]]:
    """All tools by name, aliases made into tools with their target's params and result."""
    return {
        name: {"params": {}, **_resolved(tool, tools), "handler": tool["alias"]["of"]}
        if "alias" in tool
        else {"params": {}, **tool, "handler": name}
        for name, tool in tools.items()
    }


def _resolved(tool: Raw, tools: Raw) -> dict[str, Any]:
    target = tools[tool["alias"]["of"]]
    return resolved_alias(tool, {"params": {}, **target})


def _enums(spec: Spec) -> tuple[EnumModel, ...]:
    every = words(spec)
    enums = [EnumModel(name=n, doc=e["doc"], values=every[n]) for _, n, e in declared(spec)]
    # Not in the schema of results: a client that checks them must accept a code that comes later.
    codes = tuple(spec.sessions.data["notices"])
    if not codes:  # of a toolset of another package
        return tuple(enums)
    return (*enums, EnumModel(name="NoticeCode", doc="What a notice is about.", values=codes))


def _errors(raw: Raw) -> tuple[ErrorModel, ...]:
    return tuple(
        ErrorModel(
            code=code,
            http=entry["http"],
            fault=entry["fault"],
            retry=entry["retry"],
            doc=entry["doc"],
            messages=messages(entry),
        )
        for code, entry in raw.items()
    )


def messages(error: Raw) -> tuple[MessageModel, ...]:
    """The sentences of an error of either file. Each has the error's own details and further ones."""
    found = []
    for name, message in error.get("messages", {}).items():
        entry: Raw = {"text": message, "details": {}} if isinstance(message, str) else message
        details = {**error.get("details", {}), **entry["details"]}
        types = {key: DETAILS[kind] for key, kind in details.items()}
        found.append(MessageModel(name=name, sentence=parse(entry["text"]), details=types))
    return tuple(found)


def _scope(tool: Raw) -> str:
    """What a caller has to be allowed for a tool that does not say it."""
    if tool["annotations"]["read_only"]:
        return "read"
    return "execute" if "on_disconnect" in tool["session"] else "write"


def _tool(
    name: str,
    tool: Raw,
    types: Raw,
    sessions: Raw,
    errors: Mapping[str, ErrorModel],
    views: Mapping[str, ViewModel],
    answers: Raw,
) -> ToolModel:
    use = tool["session"]["use"]
    params = merged_params(tool, sessions)
    either = tuple(tuple(group) for group in tool["params"].get("either", ()))
    result = types[tool["result"]]
    # A session's own query params (its id, another notebook) name the resource, not its content.
    named = frozenset(sessions["params"]) if use == "required" else frozenset()
    alias = tool.get("alias", {})
    shown_by = tool.get("view")
    paged = "start_index" in params["properties"] and "more" in result["properties"]
    return ToolModel(
        name=name,
        handler=tool["handler"],
        group=tool["group"],
        toolset=tool["toolset"],
        title=tool["title"],
        summary=tool["summary"],
        description=tool["description"].strip(),
        use=use,
        access=tool["session"].get("access", "shared"),
        on_disconnect=tool["session"].get("on_disconnect"),
        while_paused=tool["session"].get("while_paused", False),
        scope=tool.get("scope") or _scope(tool),
        annotations=tool["annotations"],
        params=params,
        result_type=tool["result"],
        result=merged_result(result, use, sessions),
        either=either,
        synonyms={
            synonym: param
            for param, schema in params["properties"].items()
            for synonym in schema.get("synonyms", ())
        },
        ignored=tuple(tool["params"].get("ignored", ())),
        always_loaded=tool.get("always_loaded", False),
        view=None if shown_by is None else views[shown_by["name"]],
        for_view=shown_by is not None and shown_by.get("called_by") == "view",
        presets=alias.get("with", {}),
        renames=alias.get("rename", {}),
        errors=tuple(errors[code] for code in tool.get("errors", ())),
        routes=routes(
            name, tool.get("http"), tuple(params["properties"]), either, named, paged=paged
        ),
        examples=tuple(_example(example, answers) for example in tool.get("examples", ())),
    )


def _resource(name: str, raw: Raw) -> ResourceModel:
    return ResourceModel(
        name=name,
        uri=raw["uri"],
        title=raw["title"],
        description=raw["description"],
        mime_type=raw.get("mime_type"),
        parts=raw["parts"],
    )


def _view(name: str, raw: Raw) -> ViewModel:
    return ViewModel(
        name=name,
        uri=raw["uri"],
        title=raw["title"],
        description=raw["description"],
        file=raw["file"],
        clipboard=raw.get("clipboard", False),
        border=raw.get("border", False),
    )


def _prompt(name: str, raw: Raw) -> PromptModel:
    cites: Raw = raw.get("cites", {})
    return PromptModel(
        name=name,
        title=raw["title"],
        description=raw["description"],
        arguments=tuple(
            PromptArgumentModel(
                name=argument,
                description=entry["description"],
                required=entry.get("required", False),
                completes=entry.get("completes"),
            )
            for argument, entry in raw["arguments"].items()
        ),
        cites=cites.get("tool"),
        citing=cites.get("with", {}),
        text=raw["text"],
    )


def _example(raw: Raw, answers: Raw) -> ExampleModel:
    return ExampleModel(
        name=raw["name"],
        call=raw["call"],
        returns=raw.get("returns"),
        raises=raw.get("raises"),
        answer=answers.get(raw["name"]),
    )
