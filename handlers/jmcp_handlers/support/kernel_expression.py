"""The expression that calls a function in a kernel, and what the kernel answers to it."""

from __future__ import annotations

import ast
import json
from typing import Any

_EXPRESSION = (
    "(lambda b, s: (b.exec(s['source'], s), s[{function!r}](b.globals(), s['asked']))[1])"
    "(__import__('builtins'), {{'__name__': {module!r}, 'source': {source!r}, 'asked': {asked!r}}})"
)
"""The names of the people's own variables are not relied on: any of them may hide a builtin. The
globals of the lambda are the namespace in which the kernel evaluates it."""


def expression(source: str, *, function: str, asked: Any, module: str) -> str:
    """Calls that function of that source with the kernel's variables and `asked` as a JSON text."""
    return _EXPRESSION.format(
        source=source, function=function, module=module, asked=json.dumps(asked)
    )


def decoded(text: str) -> Any:
    """What the kernel answered, where the function returned a JSON text. Raises ValueError."""
    try:
        return json.loads(ast.literal_eval(text))
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(text[:200]) from error
