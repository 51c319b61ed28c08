"""Sentences of the spec: templates with named placeholders, whose form says what they take.

    {path}                   a text
    {path!r}                 a text in quotes, as Python writes it; {path!a} with ASCII alone
    {index:d} {size:,}       a whole number; with thousands set apart
    {seconds:g} {limit:.0f}  a number
    {count:cell|cells}       a whole number and its word: 1 cell, 2 cells
    {count:?it|them}         only the word
    {names:, }               texts with ", " between them
    {names:, |none|max 5}    "none" where there are no texts, and " and 3 more" after five

Two braces are one.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

from jmcp_codegen.source.names import SNAKE

_WHOLE = re.compile(r"[d,]")
_NUMBER = re.compile(r"g|\.[0-9]f")
_WORDS = re.compile(r"(?P<only>\??)(?P<one>([A-Za-z][A-Za-z ]*)?)\|(?P<many>[A-Za-z ]+)")
_LIST = re.compile(r"(?P<between>[ ,;][a-z ]*)(\|(?P<none>[a-z ]+?))?(\|max (?P<most>[0-9]+))?")
_DETAILS = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "strings": "Sequence[str]",
    "object": "Mapping[str, Any]",
    "objects": "Sequence[Mapping[str, Any]]",
}
DETAILS = _DETAILS | {f"{kind} or null": f"{name} | None" for kind, name in _DETAILS.items()}
"""The Python type of each kind of detail."""
RESERVED = frozenset({"cls", "counted", "listed", "word", "errors"})
"""Names that generated modules of sentences have for themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """One placeholder. `type` is a Python type, `field` what stands between braces of an f-string."""

    name: str
    type: str
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A parsed template: texts and placeholders in their order."""

    parts: tuple[str | Placeholder, ...]

    @property
    def params(self) -> dict[str, str]:
        """The Python type of each placeholder, in order of first appearance."""
        return {part.name: part.type for part in self.parts if isinstance(part, Placeholder)}

    @property
    def source(self) -> str:
        """Python source that makes the text where each placeholder is a variable."""
        if not self.params:
            return json.dumps("".join(map(str, self.parts)), ensure_ascii=False)
        inside = (
            f"{{{part.field}}}" if isinstance(part, Placeholder) else _escaped(part)
            for part in self.parts
        )
        return f'f"{"".join(inside)}"'


def parse(text: str) -> Sentence:
    """Raises ValueError, which says what is wrong."""
    parts: list[str | Placeholder] = []
    types: dict[str, str] = {}
    for literal, name, spec, conversion in Formatter().parse(text):
        if literal:
            parts.append(literal)
        if name is None:
            continue
        found = _placeholder(name, spec or "", conversion)
        if types.setdefault(name, found.type) != found.type:
            raise ValueError(f"{name} is {types[name]} in one place and {found.type} in another")
        parts.append(found)
    return Sentence(parts=tuple(parts))


def signature(params: Mapping[str, str]) -> str:
    """Keyword-only params as Python source; empty where there are none."""
    return ", ".join(["*", *(f"{name}: {kind}" for name, kind in params.items())] if params else [])


def _placeholder(name: str, spec: str, conversion: str | None) -> Placeholder:
    if not SNAKE.fullmatch(name) or keyword.iskeyword(name) or name in RESERVED:
        raise ValueError(f"{{{name}}} is not named by lower case words that are free")
    if conversion is not None:
        if conversion not in {"r", "a"} or spec:
            raise ValueError(f"{{{name}!{conversion}}} is none of {{{name}!r}}, {{{name}!a}}")
        return Placeholder(name=name, type="str", field=f"{name}!{conversion}")
    if not spec:
        return Placeholder(name=name, type="str", field=name)
    if _WHOLE.fullmatch(spec):
        return Placeholder(name=name, type="int", field=name if spec == "d" else f"{name}:{spec}")
    if _NUMBER.fullmatch(spec):
        return Placeholder(name=name, type="float", field=f"{name}:{spec}")
    if words := _WORDS.fullmatch(spec):
        function = "word" if words["only"] else "counted"
        field = f"{function}({name}, {words['one']!r}, {words['many']!r})"
        return Placeholder(name=name, type="int", field=field)
    if listed := _LIST.fullmatch(spec):
        options = [repr(listed["between"])]
        options += [f"none={listed['none']!r}"] if listed["none"] else []
        options += [f"most={listed['most']}"] if listed["most"] else []
        field = f"listed({name}, {', '.join(options)})"
        return Placeholder(name=name, type="Sequence[str]", field=field)
    raise ValueError(f"{{{name}:{spec}}} is no form of a placeholder")


def _escaped(literal: str) -> str:
    inside = json.dumps(literal, ensure_ascii=False)[1:-1]
    return inside.replace("{", "{{").replace("}", "}}")
