"""Text templates: one for each result type, and every name in them a field of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import Environment, TemplateSyntaxError

from jmcp_codegen.checks.subject import Subject
from jmcp_codegen.checks.template_names import FILTERS, Fault, Names
from jmcp_codegen.source.merge import merged_result
from jmcp_codegen.source.names import snake
from jmcp_codegen.source.problems import Problem
from jmcp_codegen.source.schema import Schema


def problems(subject: Subject) -> Iterator[Problem]:
    results: dict[str, list[str]] = {}
    for name, tool in subject.tools.items():
        results.setdefault(tool["result"], []).append(name)
    folder, texts = subject.spec.folder, subject.spec.texts
    for type_, users in results.items():
        stem = snake(type_)
        if stem not in texts:
            first = ("tools", users[0], "result")
            reason = f"{type_} has no text: {folder}/text/{stem}.jinja is missing"
            yield subject.document.problem("text_missing", first, reason)
            continue
        for fault in faults(texts[stem], _visible(subject, type_, users), subject.types, type_):
            yield _problem(subject, stem, fault)
    for stem in texts.keys() - {snake(type_) for type_ in results}:
        yield _problem(subject, stem, Fault(1, "text_orphan", "no tool has such a result"))


def _visible(subject: Subject, type_: str, users: list[str]) -> Schema:
    """The fields that a template may count on: those that the type has in all its tools."""
    uses = {subject.tools[name]["session"]["use"] for name in users}
    raw = subject.types[type_]
    if "none" in uses:
        return dict(raw)
    return merged_result(raw, "required", subject.sessions)


def faults(source: str, schema: Schema, types: Mapping[str, Any], type_: str) -> Iterator[Fault]:
    """What is wrong with a template whose data has that schema; `type_` is what it is called."""
    environment = Environment(autoescape=False)
    # Known to the runtime and to the walk below; here only so that the parser takes the name.
    environment.filters.update(dict.fromkeys(FILTERS, str))
    try:
        tree = environment.parse(source)
    except TemplateSyntaxError as error:
        yield Fault(error.lineno, "text_syntax", error.message or "not a template")
        return
    yield from Names(types, type_).faults(tree, schema)


def _problem(subject: Subject, stem: str, fault: Fault) -> Problem:
    file = f"{subject.spec.folder}/text/{stem}.jinja"
    return Problem(code=fault.code, file=file, line=fault.line, reason=fault.reason)
