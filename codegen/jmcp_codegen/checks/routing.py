"""REST operations: honest methods, fed paths, no two alike."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jsonschema import Draft202012Validator

from jmcp_codegen.checks.subject import Subject
from jmcp_codegen.source.problems import Problem
from jmcp_codegen.source.routes import CELL, expanded, placeholders
from jmcp_codegen.source.schema import inlined, plain


def problems(subject: Subject) -> Iterator[Problem]:
    owners: dict[tuple[str, str], str] = {}
    for name, tool in subject.tools.items():
        http = tool.get("http")
        if http is None:
            continue
        place = ("tools", name, "http")
        method, path = http["method"], http["path"]
        for wanted, hint in (("GET", "read_only"), ("DELETE", "destructive")):
            if method == wanted and not tool["annotations"][hint]:
                reason = f"{method} on {name}, which is not {hint}"
                yield subject.document.problem("method", (*place, "method"), reason)
        yield from _fed(subject, name, path)
        if "content" in http:
            yield from _content(subject, name)
        yield from _stream(subject, name)
        if http.get("events") and method != "GET":
            reason = f"what {name} changes cannot be followed: events are for GET alone"
            yield subject.document.problem("method", (*place, "events"), reason)
        for one, _ in expanded(path):
            # Two placeholders match the same paths, whatever their names.
            key = method, re.sub(r"\{[^{}]*\}", "{}", one)
            if owners.setdefault(key, name) != name:
                reason = f"{method} {one} is already {owners[key]}"
                yield subject.document.problem("route_clash", (*place, "path"), reason)


def _content(subject: Subject, name: str) -> Iterator[Problem]:
    tool = subject.tools[name]
    place = ("tools", name, "http", "content")
    if tool["http"]["method"] != "GET":
        yield subject.document.problem("method", place, f"the content of {name} is for GET alone")
    for part in placeholders(tool["http"]["content"]):
        if part not in subject.params[name]["properties"]:
            reason = f"no param of {name} feeds {{{part}}}"
            yield subject.document.problem("path_unfed", place, reason)


def _stream(subject: Subject, name: str) -> Iterator[Problem]:
    tool = subject.tools[name]
    place = ("tools", name, "http", "stream")
    defaults = tool["http"].get("stream", {})
    if "stream" in tool["http"] and tool["session"]["use"] != "required":
        reason = f"{name} works in no session, so it has no runs to tell of"
        yield subject.document.problem("stream", place, reason)
    properties = subject.params[name]["properties"]
    for param, value in defaults.items():
        if param not in properties:
            reason = f"{name} has no param {param}"
            yield subject.document.problem("stream", (*place, param), reason)
            continue
        schema = plain(inlined(properties[param], subject.types))
        for error in Draft202012Validator(schema).iter_errors(value):
            reason = f"the default breaks the schema of {param}: {error.message}"
            yield subject.document.problem("stream", (*place, param), reason)


def _fed(subject: Subject, name: str, path: str) -> Iterator[Problem]:
    place = ("tools", name, "http", "path")
    params = subject.params[name]
    own = subject.tools[name]["params"]
    # A path always has its parts, so what feeds one must always be there.
    always = {*params.get("required", ()), *subject.tools[name]["http"].get("always", ())}
    if subject.tools[name]["session"]["use"] == "required":
        always.add(subject.sessions["handle"]["param"])
    for part in placeholders(path):
        if part == "cell":
            groups = [set(group) for group in own.get("either", ())]
            if set(CELL) not in groups:
                reason = "{cell} needs params cell_index and cell_id, exactly one of them"
                yield subject.document.problem("path_unfed", place, reason)
        elif part not in params["properties"]:
            reason = f"no param of {name} feeds {{{part}}}"
            yield subject.document.problem("path_unfed", place, reason)
        elif part not in always:
            reason = f"{part} is optional, so it cannot feed {{{part}}}"
            yield subject.document.problem("path_unfed", place, reason)
