"""The expression that lists variables, and what a kernel answers to it."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_EXPRESSION = (
    "(lambda b, s: (b.exec(s['source'], s), s['listing'](b.globals(), s['asked']))[1])"
    "(__import__('builtins'), {{'__name__': 'jmcp_variables', 'source': {source!r}, 'asked': {asked!r}}})"
)
"""The names of the people's own variables are not relied on: any of them may hide a builtin. The
globals of the lambda are the namespace in which the kernel evaluates it."""


@cache
def _source() -> str:
    return Path(__file__).with_name("namespace_listing.py").read_text("utf-8")


def question(asked: Mapping[str, Any]) -> str:
    """The expression for `namespace_listing.listing` with that."""
    return _EXPRESSION.format(source=_source(), asked=json.dumps(asked))


def answered(text: str) -> Mapping[str, Any]:
    """What the kernel answered, as `listing` made it. Raises ValueError."""
    try:
        found = json.loads(ast.literal_eval(text))
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(text[:200]) from error
    if not isinstance(found, dict):
        raise ValueError(text[:200])  # noqa: TRY004  a fault of the data
    return found
