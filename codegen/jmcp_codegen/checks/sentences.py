"""Sentences: their placeholders have a known form, and agree with what goes beside the sentence."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping
from typing import Any

from jmcp_codegen.source.load import Document, Place, Spec
from jmcp_codegen.source.names import SNAKE
from jmcp_codegen.source.problems import Problem
from jmcp_codegen.source.sentences import DETAILS, RESERVED, parse

Raw = Mapping[str, Any]

ATTRIBUTES = frozenset(
    {"code", "http", "fault", "retry", "kind", "message", "details", "payload", *dir(Exception)}
)
"""What the classes of errors have already."""


def problems(spec: Spec) -> Iterator[Problem]:
    for document, section in (
        (spec.tools, "errors"),
        (spec.sessions, "errors"),
        (spec.sessions, "backend_errors"),
    ):
        for name, error in document.data.get(section, {}).items():
            yield from _messages(document, (section, name), error)
    for code, notice in spec.sessions.data["notices"].items():
        place = ("notices", code)
        yield from _name(spec.sessions, place, code, RESERVED)
        yield from _sentence(spec.sessions, (*place, "message"), notice["message"], {})
    seen: set[str] = set()
    for document in (spec.sessions, spec.tools):
        for name, text in document.data.get("phrases", {}).items():
            place = ("phrases", name)
            yield from _name(document, place, name, RESERVED)
            yield from _sentence(document, place, text, {})
            if name in seen:
                reason = f"phrase {name} is in sessions.yaml too"
                yield document.problem("duplicate_phrase", place, reason)
            seen.add(name)


def _messages(document: Document, place: Place, error: Raw) -> Iterator[Problem]:
    shared: Raw = error.get("details", {})
    for name, message in error.get("messages", {}).items():
        at = (*place, "messages", name)
        yield from _name(document, at, name, ATTRIBUTES)
        if isinstance(message, str):
            yield from _sentence(document, at, message, shared)
            continue
        yield from _sentence(document, at, message["text"], {**shared, **message["details"]})
        for detail in message["details"]:
            yield from _name(document, (*at, "details", detail), detail, RESERVED)
    for detail in shared:
        yield from _name(document, (*place, "details", detail), detail, RESERVED)


def _name(
    document: Document, place: Place, name: str, reserved: frozenset[str]
) -> Iterator[Problem]:
    if not SNAKE.fullmatch(name):
        reason = f"{name} is not lower case words joined by single underscores"
        yield document.problem("bad_name", place, reason)
    elif keyword.iskeyword(name) or name in reserved:
        yield document.problem("reserved_name", place, f"generated code has another {name}")


def _sentence(document: Document, place: Place, text: str, details: Raw) -> Iterator[Problem]:
    try:
        params = parse(text).params
    except ValueError as error:
        yield document.problem("sentence", place, f"{error}")
        return
    for name, kind in details.items():
        beside = DETAILS[kind].removesuffix(" | None")
        if params.get(name, beside) != beside:
            reason = f"{name} is {params[name]} in the sentence and {kind} beside it"
            yield document.problem("sentence", place, reason)
