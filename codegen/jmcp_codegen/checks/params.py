"""Params as a call gives them: nulls, synonyms, either, and the size of what a model reads."""

from __future__ import annotations

from collections.abc import Iterator

from jmcp_codegen.checks.subject import Subject
from jmcp_codegen.source.load import Document, Place
from jmcp_codegen.source.merge import session_params
from jmcp_codegen.source.problems import Problem
from jmcp_codegen.source.schema import nullable

MAX_BYTES = 2048
"""Where one widespread client cuts descriptions and instructions."""


def problems(subject: Subject) -> Iterator[Problem]:
    yield from _size(subject.document, ("instructions",), subject.document.data["instructions"])
    for name, schema in subject.sessions["params"].items():
        if nullable(schema, {}):
            yield _null(subject.spec.sessions, ("params", name), name)
    for name, tool in subject.tools.items():
        yield from _size(subject.document, ("tools", name, "description"), tool["description"])
        place = ("tools", name, "params")
        for param, schema in tool["params"].get("properties", {}).items():
            if nullable(schema, subject.types):
                yield _null(subject.document, (*place, "properties", param), param)
        yield from _synonyms(subject, name)
        yield from _either(subject, name)


def _size(document: Document, place: Place, text: str) -> Iterator[Problem]:
    size = len(text.strip().encode())
    if size > MAX_BYTES:
        reason = f"{place[-1]} has {size} bytes; clients cut it at {MAX_BYTES}"
        yield document.problem("description_size", place, reason)


def _null(document: Document, place: Place, name: str) -> Problem:
    reason = f"{name} takes null, but a param that is not given is left out"
    return document.problem("nullable_param", place, reason)


def _synonyms(subject: Subject, name: str) -> Iterator[Problem]:
    properties = subject.params[name]["properties"]
    added = session_params(subject.tools[name]["session"]["use"], subject.sessions)
    meant: dict[str, str] = {}
    for param, schema in properties.items():
        for index, synonym in enumerate(schema.get("synonyms", ())):
            place: Place = ("tools", name, "params", "properties", param, "synonyms", index)
            if param in added and schema is added[param]:
                place = ("tools", name, "params")
            if synonym in properties:
                reason = f"synonym {synonym} of {param} is itself a param of {name}"
                yield subject.document.problem("synonym_clash", place, reason)
            elif synonym in meant:
                reason = f"synonym {synonym} means both {meant[synonym]} and {param}"
                yield subject.document.problem("synonym_clash", place, reason)
            meant[synonym] = param


def _either(subject: Subject, name: str) -> Iterator[Problem]:
    params = subject.params[name]
    for index, group in enumerate(subject.tools[name]["params"].get("either", ())):
        place = ("tools", name, "params", "either", index)
        for param in group:
            if param not in params["properties"]:
                reason = f"either names {param}, which is no param of {name}"
                yield subject.document.problem("either", place, reason)
            elif param in params.get("required", ()) and "alias" not in subject.tools[name]:
                reason = f"either names {param}, which is required anyway"
                yield subject.document.problem("either", place, reason)
            elif "default" in params["properties"][param]:
                reason = f"either names {param}, whose default would always be a second one"
                yield subject.document.problem("either", place, reason)
