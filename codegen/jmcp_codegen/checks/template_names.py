"""Every name in a text template, followed from the result type to the field that it means.

`jinja2.meta` knows top-level names only, and an undefined attribute prints as nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from jinja2 import nodes

from jmcp_codegen.source.schema import Schema, ref_name

FILTERS = frozenset({"length", "join", "tsv", "counted"})
"""All that templates may use. Of the runtime are `tsv`, a value as one field of a line, and `counted`,
a number with the word for what it counts: `{{ n | counted('entry', 'entries') }}`."""

_PRINTED = (nodes.TemplateData, nodes.Const)
_OPERATORS = (
    *(nodes.Compare, nodes.Operand, nodes.Not, nodes.And, nodes.Or, nodes.CondExpr),
    *(nodes.Add, nodes.Sub, nodes.Concat),
)
_LOOP: Schema = {
    "type": "object",
    "properties": {
        **{name: {"type": "integer"} for name in ("index", "index0", "length")},
        **{name: {"type": "boolean"} for name in ("first", "last")},
    },
}
_SCALAR: Schema = {"type": "string"}
_UNKNOWN: Schema = {}
"""What a fault leaves behind: it is told once, and nothing more is asked of it."""

Scope = Mapping[str, Schema]


class Fault(NamedTuple):
    line: int
    code: str
    reason: str


class Names:
    """Walks one template. Faults collect as it goes."""

    def __init__(self, types: Mapping[str, Any], type_: str) -> None:
        self._types = types
        self._type = type_
        self._faults: list[Fault] = []

    def faults(self, tree: nodes.Template, result: Schema) -> Iterator[Fault]:
        self._body(tree.body, dict(result.get("properties", {})))
        yield from self._faults

    def _body(self, body: list[nodes.Node], scope: Scope) -> None:
        for node in body:
            if isinstance(node, nodes.Output):
                for printed in node.nodes:
                    self._value(printed, scope)
            elif isinstance(node, nodes.If):
                self._value(node.test, scope)
                self._body([*node.body, *node.elif_, *node.else_], scope)
            elif isinstance(node, nodes.For):
                self._loop(node, scope)
            else:
                self._fault(node, "text_syntax", f"templates do not use {_word(node)}")

    def _loop(self, node: nodes.For, scope: Scope) -> None:
        over = self._value(node.iter, scope)
        if not isinstance(node.target, nodes.Name) or node.recursive:
            self._fault(node, "text_syntax", "templates loop with one variable")
            return
        if "items" not in over and over is not _UNKNOWN:
            self._fault(node, "text_field", "this loops over something that is not an array")
        inner = {**scope, node.target.name: over.get("items", _UNKNOWN), "loop": _LOOP}
        if node.test is not None:
            self._value(node.test, inner)
        self._body(node.body, inner)
        self._body(node.else_, scope)

    def _value(self, node: nodes.Node, scope: Scope) -> Schema:
        """The schema of an expression."""
        if isinstance(node, _PRINTED):
            return _SCALAR
        if isinstance(node, nodes.Name):
            return self._field(node, node.name, scope, self._type)
        if isinstance(node, nodes.Getattr):
            owner = self._value(node.node, scope)
            if owner is _UNKNOWN:
                return _UNKNOWN
            properties = owner.get("properties", {})
            return self._field(node, node.attr, properties, _shown(node.node))
        if isinstance(node, nodes.Filter):
            if node.name not in FILTERS:
                reason = f"filter {node.name} is none of {', '.join(sorted(FILTERS))}"
                self._fault(node, "text_syntax", reason)
        elif not isinstance(node, _OPERATORS):
            self._fault(node, "text_syntax", f"templates do not use {_word(node)}")
            return _UNKNOWN
        for child in node.iter_child_nodes():
            self._value(child, scope)
        # `a or b`, `x if y else z` and what a filter makes are only ever printed.
        return _SCALAR

    def _field(self, node: nodes.Node, name: str, fields: Scope, owner: str) -> Schema:
        if name not in fields:
            self._fault(node, "text_field", f"{owner} has no {name}")
            return _UNKNOWN
        return self._resolved(fields[name]) if fields[name] is not _UNKNOWN else _UNKNOWN

    def _resolved(self, schema: Schema) -> Schema:
        """What a value is when it is not null."""
        name = ref_name(schema)
        if name is not None:
            return self._resolved(self._types[name])
        for inner in schema.get("anyOf", ()):
            if inner.get("type") != "null":
                return self._resolved(inner)
        return schema

    def _fault(self, node: nodes.Node, code: str, reason: str) -> None:
        self._faults.append(Fault(node.lineno, code, reason))


def _shown(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    return f"{_shown(node.node)}.{node.attr}" if isinstance(node, nodes.Getattr) else "this"


def _word(node: nodes.Node) -> str:
    words = {
        nodes.Call: "calls",
        nodes.Test: "tests",
        nodes.Getitem: "subscripts",
        nodes.Assign: "set",
    }
    return words.get(type(node), type(node).__name__.lower())
