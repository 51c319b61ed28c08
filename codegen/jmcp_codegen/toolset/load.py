"""From a toolset's YAML file to a spec like jmcp's own, with what it uses of that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jmcp_codegen.source.load import Document, Place, Spec, read
from jmcp_codegen.source.names import CAMEL, SNAKE, snake
from jmcp_codegen.source.problems import Problem, SpecError
from jmcp_codegen.source.schema import reachable, refs, walk
from jmcp_codegen.toolset import shape
from jmcp_codegen.toolset.base import base_spec

Raw = Mapping[str, Any]
TOOLSET_SEGMENT = "/toolsets"
"""Below this each toolset has its own REST paths, so that no two clash, whatever jmcp adds."""
ITS_OWN = ("types", "enums", "errors", "fixtures")
"""Sections whose names may be jmcp's: it is used then, and not defined again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsetSpec:
    """A toolset's file, and as a spec. `types`, `enums` and `errors` are the names of those that are jmcp's."""

    document: Document
    spec: Spec
    types: frozenset[str]
    enums: frozenset[str]
    errors: frozenset[str]


def load_toolset(path: Path) -> ToolsetSpec:
    """Read a toolset's file. Raises SpecError for what cannot be put together with jmcp's spec."""
    document = read(path, path.name)
    base = base_spec()
    _raise(shape.problems(document))
    data: Raw = document.data
    _raise(_names(document))
    _raise(_taken(document, base))
    used = _Used.of(data, base)
    name = data["toolset"]["name"]
    tools = {
        "instructions": data["toolset"]["doc"],
        "rest": base.tools.data["rest"],
        "server": base.tools.data["server"],
        "groups": {name: data["toolset"]["doc"]},
        "toolsets": {name: data["toolset"]["doc"]},
        "enums": used.enums | data.get("enums", {}),
        "errors": used.errors | data.get("errors", {}),
        "phrases": data.get("phrases", {}),
        "types": data.get("types", {}) | used.types,
        "fixtures": used.fixtures | data.get("fixtures", {}),
        "tools": {tool: _tool(entry, name) for tool, entry in data["tools"].items()},
    }
    sessions = base.sessions.data | {
        "notices": data.get("notices", {}),
        "phrases": {},
        "backend_errors": {},
    }
    texts = {snake(type_): text for type_, text in data.get("texts", {}).items()}
    results = {entry.get("result") for entry in data["tools"].values()}
    texts |= {snake(one): base.texts[snake(one)] for one in used.types if one in results}
    return ToolsetSpec(
        document=document,
        spec=Spec(
            folder=path.name,
            tools=replace(document, data=tools),
            sessions=replace(document, data=sessions),
            texts=texts,
            answers={},
        ),
        types=frozenset(used.types),
        enums=frozenset({*used.enums, *base.sessions.data.get("enums", {})}),
        errors=frozenset(used.errors),
    )


def in_file(toolset: ToolsetSpec, problem: Problem) -> Problem:
    """The problem of a text at its place in the file, where texts are a section."""
    document = toolset.document
    _, _, name = problem.file.partition("/text/")
    if not name:
        return problem
    for type_ in document.data.get("texts", {}):
        if snake(type_) == name.removesuffix(".jinja"):
            line = document.lines[("texts", type_)]
            return replace(problem, file=document.file, line=line + problem.line)
    return replace(problem, file=document.file)


def _raise(problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise SpecError(found)


def _names(document: Document) -> Iterator[Problem]:
    name = document.data["toolset"]["name"]
    place: Place = ("toolset", "name")
    if not SNAKE.fullmatch(name):
        reason = f"toolset {name} is not lower case words joined by single underscores"
        yield document.problem("bad_name", place, reason)
    for type_ in document.data.get("texts", {}):
        if not CAMEL.fullmatch(type_):
            reason = f"a text has the name of its result type, and {type_} is none"
            yield document.problem("bad_name", ("texts", type_), reason)


def _taken(document: Document, base: Spec) -> Iterator[Problem]:
    """What the file defines though jmcp has it already."""
    tools, sessions = base.tools.data, base.sessions.data
    taken: Mapping[str, set[str]] = {
        "tools": {*tools["tools"]},
        "types": {*tools["types"]},
        "enums": {*tools.get("enums", {}), *sessions.get("enums", {})},
        "errors": {*tools.get("errors", {}), *sessions["errors"]},
        "notices": {*sessions["notices"]},
        "fixtures": {*tools["fixtures"]},
    }
    for section, names in taken.items():
        for name in document.data.get(section, {}):
            if name in names:
                kind = section.removesuffix("s")
                use = "; use that one, or " if section in ITS_OWN else "; "
                reason = f"jmcp has a {kind} {name}{use}call this one something else"
                yield document.problem("taken", (section, name), reason)
    name = document.data["toolset"]["name"]
    if name in {*tools["toolsets"], "all"}:
        reason = f"jmcp has a toolset {name}; call this one something else"
        yield document.problem("taken", ("toolset", "name"), reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Used:
    """What a toolset uses of jmcp's spec, by section."""

    types: dict[str, Any]
    enums: dict[str, Any]
    errors: dict[str, Any]
    fixtures: dict[str, Any]

    @classmethod
    def of(cls, data: Raw, base: Spec) -> _Used:
        theirs = base.tools.data
        own: Raw = data.get("types", {})
        entries = list(data["tools"].values())
        schemas = [*own.values(), *(entry.get("params", {}) for entry in entries)]
        named = {name for schema in schemas for name in refs(schema)}
        named |= {entry["result"] for entry in entries if isinstance(entry.get("result"), str)}
        types = reachable(named - own.keys(), theirs["types"])
        schemas += [theirs["types"][name] for name in types]
        enums = {
            inner["enum"]
            for schema in schemas
            for _, inner in walk(schema)
            if isinstance(inner.get("enum"), str)
        }
        enums |= {one["extends"] for one in data.get("enums", {}).values() if "extends" in one}
        known: Raw = theirs.get("enums", {})
        while (
            missing := {
                known[name]["extends"] for name in enums & known.keys() if "extends" in known[name]
            }
            - enums
        ):
            enums |= missing
        codes = {code for entry in entries for code in entry.get("errors", ())}
        given = {example.get("given") for entry in entries for example in entry.get("examples", ())}
        return cls(
            types=_chosen(theirs["types"], types),
            enums=_chosen(known, enums),
            errors=_chosen(theirs.get("errors", {}), codes),
            fixtures=_chosen(theirs["fixtures"], given),
        )


def _chosen(section: Raw, names: Iterable[Any]) -> dict[str, Any]:
    """Those of a section, in its order."""
    wanted = set(names)
    return {name: value for name, value in section.items() if name in wanted}


def _tool(entry: Raw, toolset: str) -> Raw:
    """A tool as jmcp's own spec has it."""
    tool: dict[str, Any] = {**entry, "toolset": toolset}
    if "alias" not in entry:
        tool["group"] = toolset
    http = entry.get("http")
    if isinstance(http, Mapping) and isinstance(http.get("path"), str):
        tool["http"] = {**http, "path": f"{TOOLSET_SEGMENT}/{toolset}{http['path']}"}
    return tool
