"""Sentences: what their placeholders print, and that all which a client reads are in the spec."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, cast, get_type_hints

import pytest

from jmcp.core import errors as core
from jmcp.core.notices import Notice
from jmcp.core.wording import counted, listed, word
from jmcp_api import backend_errors, errors
from jmcp_api.notices import SENTENCES
from jmcp_codegen.source.sentences import parse

ROOT = Path(__file__).parents[2]
HAND_WRITTEN = [ROOT / "jmcp", ROOT / "handlers"]
FAMILIES = (core.ToolError, core.BackendError)
ERRORS = frozenset(
    name
    for module in (core, errors, backend_errors)
    for name, found in vars(module).items()
    if isinstance(found, type) and issubclass(found, FAMILIES) and found not in FAMILIES
)


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("none", {}, "none"),
        ("{path}", {"path": "a.ipynb"}, "a.ipynb"),
        ("{path!r}", {"path": "it's"}, '"it\'s"'),
        ("{path!a}", {"path": "é"}, "'\\xe9'"),
        ("{n:d} of {n:d}", {"n": 3}, "3 of 3"),
        ("{n:,}", {"n": 1234567}, "1,234,567"),
        ("{s:g}", {"s": 0.5}, "0.5"),
        ("{s:.0f}", {"s": 29.6}, "30"),
        ("{n:cell|cells}", {"n": 1}, "1 cell"),
        ("{n:cell|cells}", {"n": 0}, "0 cells"),
        ("{n:?it holds|they hold}", {"n": 2}, "they hold"),
        ("cell{n:?|s}", {"n": 1}, "cell"),
        ("{names:, }", {"names": ["a", "b"]}, "a, b"),
        ("{names:; |none}", {"names": []}, "none"),
        ("{names: or |none}", {"names": ["a", "b"]}, "a or b"),
        ("{names:, |max 2}", {"names": ["a", "b", "c", "d"]}, "a, b and 2 more"),
        ("{names:, |none|max 2}", {"names": ["a", "b"]}, "a, b"),
        ("{{x}} \"q\" 'p' \\ \n {a}", {"a": "é"}, "{x} \"q\" 'p' \\ \n é"),
    ],
)
def test_a_template_prints(template: str, values: dict[str, object], text: str) -> None:
    helpers = {"counted": counted, "listed": listed, "word": word}
    assert eval(parse(template).source, helpers, dict(values)) == text


def kinds(found: type[Notice]) -> Iterator[type[Notice]]:
    """Those of jmcp: toolsets of other packages have notices too."""
    for kind in found.__subclasses__():
        if kind.__module__ == Notice.__module__:
            yield kind
            yield from kinds(kind)


@pytest.mark.parametrize("kind", list(kinds(Notice)), ids=lambda kind: str(kind.code))
def test_a_notice_has_what_its_sentence_needs(kind: type[Notice]) -> None:
    params = inspect.signature(SENTENCES[kind.code]).parameters.values()
    hints = get_type_hints(kind)
    assert [(field.name, field.type) for field in fields(cast(Any, kind))] == [
        (param.name, param.annotation) for param in params
    ]
    assert hints.keys() - {"code", "once"} == {param.name for param in params}


def test_every_notice_of_the_spec_is_one_of_the_core() -> None:
    assert sorted(kind.code for kind in kinds(Notice)) == sorted(SENTENCES)


def calls() -> Iterator[tuple[str, ast.Call]]:
    for folder in HAND_WRITTEN:
        for path in sorted(folder.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_no_error_is_made_with_a_sentence_of_its_own() -> None:
    """An error is made by the constructor of one of its sentences, never by its class."""
    made = [
        f"{place}: {ast.unparse(call)[:80]}"
        for place, call in calls()
        if ast.unparse(call.func).rpartition(".")[2] in ERRORS
    ]
    assert made == []


def test_every_sentence_is_said_somewhere() -> None:
    """By name: one that nobody calls any more goes."""
    called = {ast.unparse(call.func).rpartition(".")[2] for _, call in calls()}
    named = {
        node.attr
        for folder in HAND_WRITTEN
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }
    declared = {
        f"{owner}.{name}"
        for module in (errors, backend_errors)
        for owner, found in vars(module).items()
        if isinstance(found, type) and issubclass(found, FAMILIES)
        for name, member in vars(found).items()
        if isinstance(member, classmethod)
    }
    assert {one for one in declared if one.rpartition(".")[2] not in called | named} == set()
