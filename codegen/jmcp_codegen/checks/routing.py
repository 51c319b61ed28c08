"""REST operations: honest methods, fed paths, no two alike."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jmcp_codegen.checks.subject import Subject
from jmcp_codegen.problems import Problem
from jmcp_codegen.routes import CELL, expanded, placeholders


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
        for one, _ in expanded(path):
            # Two placeholders match the same paths, whatever their names.
            key = method, re.sub(r"\{[^{}]*\}", "{}", one)
            if owners.setdefault(key, name) != name:
                reason = f"{method} {one} is already {owners[key]}"
                yield subject.document.problem("route_clash", (*place, "path"), reason)


def _fed(subject: Subject, name: str, path: str) -> Iterator[Problem]:
    place = ("tools", name, "http", "path")
    params = subject.params[name]
    own = subject.tools[name]["params"]
    # A path always has its parts, so what feeds one must always be there.
    always = {*params.get("required", ())}
    if subject.tools[name]["session"]["use"] == "required":
        always.add(subject.sessions["handle"]["param"])
    for part in placeholders(path):
        if part == "cell":
            groups = [set(group) for group in own.get("exactly_one", ())]
            if set(CELL) not in groups:
                reason = "{cell} needs params cell_index and cell_id, exactly one of them"
                yield subject.document.problem("path_unfed", place, reason)
        elif part not in params["properties"]:
            reason = f"no param of {name} feeds {{{part}}}"
            yield subject.document.problem("path_unfed", place, reason)
        elif part not in always:
            reason = f"{part} is optional, so it cannot feed {{{part}}}"
            yield subject.document.problem("path_unfed", place, reason)
