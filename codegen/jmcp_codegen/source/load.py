"""The spec as plain data, with the line of every node."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from jmcp_codegen.source.problems import Problem, SpecError

Place = tuple[str | int, ...]
"""Keys and indices from the root of a document to one of its nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One YAML file. `lines` gives the line of a key (of an item in a list), counted from 1."""

    file: str
    data: Any
    lines: Mapping[Place, int]

    def problem(self, code: str, place: Place, reason: str) -> Problem:
        """A problem at that place, or at the nearest place around it that the file has."""
        while place and place not in self.lines:
            place = place[:-1]
        return Problem(code=code, file=self.file, line=self.lines.get(place, 1), reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A spec folder. `texts` maps the name of a template file, without suffix, to its source;
    `answers` has what a server answered to examples over HTTP, by tool and name of the example."""

    folder: str
    tools: Document
    sessions: Document
    texts: Mapping[str, str]
    answers: Mapping[str, Mapping[str, Any]]


# In C where PyYAML's wheel has it, which is nearly everywhere: an eighth of the time.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Json(_Loader):  # type: ignore[valid-type, misc] # one of two, both known
    """YAML 1.2's JSON schema: `on`, `no` and `2026-01-01` are strings, as every editor shows them."""


_Json.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"null|~|", "n~\0"),
    ("bool", r"true|false", "tf"),
    ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", "-0123456789"),
):
    _Json.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}",
        re.compile(rf"^(?:{_pattern})$"),
        [*_first.replace("\0", ""), ""],
    )


_INCLUDE = re.compile(r"\{% include '(\w+)' %\}\n")


def load(folder: Path) -> Spec:
    """Read a spec folder. Raises SpecError when a file is missing or is not YAML."""
    name = folder.resolve().name
    texts = {
        path.name.removesuffix(".jinja"): path.read_text(encoding="utf-8")
        for path in sorted((folder / "text").glob("*.jinja"))
    }
    whole = {name: _included(source, texts) for name, source in texts.items()}
    return Spec(
        folder=name,
        tools=read(folder / "tools.yaml", f"{name}/tools.yaml"),
        sessions=read(folder / "sessions.yaml", f"{name}/sessions.yaml"),
        texts=whole,
        answers=_answers(folder / "answers.json", f"{name}/answers.json"),
    )


def _answers(path: Path, file: str) -> Mapping[str, Mapping[str, Any]]:
    """What is recorded of examples; nothing where a spec has no such file."""
    if not path.exists():
        return {}
    try:
        recorded: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SpecError([_refused(file, 1, f"not JSON: {error}")]) from error
    return recorded


def _included(source: str, texts: Mapping[str, str]) -> str:
    """A template with those that it includes, which include none. One that is not there is left to
    the template's check, which knows the line."""
    return _INCLUDE.sub(lambda found: texts.get(found[1], found[0]), source)


def read(path: Path, file: str) -> Document:
    """One YAML file, shown as `file` in problems."""
    try:
        loader = _Json(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
    except OSError as error:
        raise SpecError([_refused(file, 1, f"cannot be read: {error.strerror}")]) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SpecError([_refused(file, line, f"not YAML: {error.problem}")]) from error
    lines: dict[Place, int] = {}
    data = None if root is None else _Reader(loader, file, lines).value(root, (), ())
    return Document(file=file, data=data, lines=lines)


class _Reader:
    def __init__(self, loader: _Json, file: str, lines: dict[Place, int]) -> None:
        self._loader = loader
        self._file = file
        self._lines = lines

    def value(self, node: yaml.Node, place: Place, around: tuple[yaml.Node, ...]) -> Any:
        line = node.start_mark.line + 1
        self._lines.setdefault(place, line)
        if any(node is outer for outer in around):
            raise SpecError([_refused(self._file, line, "this anchor contains itself")])
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, (*around, node))
        if isinstance(node, yaml.SequenceNode):
            return [
                self.value(item, (*place, index), (*around, node))
                for index, item in enumerate(node.value)
            ]
        return self._loader.construct_object(node)

    def _mapping(
        self, node: yaml.MappingNode, place: Place, around: tuple[yaml.Node, ...]
    ) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            # Keys are names; `null: ...` written without quotes still means the word.
            key = str(key_node.value)
            if key in mapping:
                raise SpecError([_refused(self._file, line, f"{key} is here twice")])
            self._lines[(*place, key)] = line
            mapping[key] = self.value(value_node, (*place, key), around)
        return mapping


def _refused(file: str, line: int, reason: str) -> Problem:
    return Problem(code="yaml", file=file, line=line, reason=reason)
