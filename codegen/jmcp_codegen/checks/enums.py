"""Enums: each list of words is declared once, under a name that everything else refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jmcp_codegen.source.enums import declared, roots, words
from jmcp_codegen.source.load import Document, Place, Spec
from jmcp_codegen.source.names import CAMEL, RESERVED_CLASSES, SNAKE
from jmcp_codegen.source.problems import Problem
from jmcp_codegen.source.schema import walk

Raw = Mapping[str, Any]


def problems(spec: Spec) -> Iterator[Problem]:
    """Reads the spec as it is written, before names of enums are resolved."""
    used: set[str] = set()
    seen: set[str] = set()
    for document, name, enum in declared(spec):
        place = ("enums", name)
        if name in seen:
            yield document.problem("duplicate_enum", place, f"enum {name} is in sessions.yaml too")
        yield from _name(spec, document, name)
        yield from _values(spec, document, name, enum)
        if "extends" in enum:
            used.add(enum["extends"])
            if enum["extends"] not in seen:
                reason = f"enum {enum['extends']} is not defined above {name}"
                yield document.problem("undefined", (*place, "extends"), reason)
        seen.add(name)
    yield from _uses(spec, seen, used)
    for document, name, _ in declared(spec):
        if name not in used:
            yield document.problem("unused", ("enums", name), f"enum {name} is not used")


def _name(spec: Spec, document: Document, name: str) -> Iterator[Problem]:
    place = ("enums", name)
    if not CAMEL.fullmatch(name):
        yield document.problem("bad_name", place, f"enum {name} is not CamelCase")
    elif name in RESERVED_CLASSES or name in spec.tools.data["types"]:
        reason = f"generated code has another {name}; call the enum something else"
        yield document.problem("reserved_name", place, reason)


def _values(spec: Spec, document: Document, name: str, enum: Raw) -> Iterator[Problem]:
    every = words(spec)[name]
    for index, value in enumerate(enum["values"]):
        place = ("enums", name, "values", index)
        if not SNAKE.fullmatch(value):
            reason = f"value {value} is not lower case words joined by single underscores"
            yield document.problem("bad_name", place, reason)
        if value in every[index + 1 :]:
            yield document.problem("duplicate_enum", place, f"{name} lists {value} twice")


def _uses(spec: Spec, known: set[str], used: set[str]) -> Iterator[Problem]:
    """Adds to `used`. A list that is written out may neither have a name nor be there twice."""
    names = {frozenset(values): name for name, values in words(spec).items()}
    written: set[frozenset[Any]] = set()
    for document, root, schema in roots(spec):
        for inner, found in walk(schema):
            enum: str | Sequence[Any] | None = found.get("enum")
            place: Place = (*root, *inner, "enum")
            if isinstance(enum, str):
                used.add(enum)
                if enum not in known:
                    yield document.problem("undefined", place, f"enum {enum} is not defined")
            elif enum is not None:
                values = frozenset(enum) - {None}
                if values in names:
                    reason = f"these are the values of enum {names[values]}; write its name"
                    yield document.problem("repeated_enum", place, reason)
                elif values in written:
                    reason = "these values were listed before; give them a name in enums"
                    yield document.problem("repeated_enum", place, reason)
                written.add(values)
