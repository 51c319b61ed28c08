"""Numbers of live notebooks on their way into files."""

from __future__ import annotations

import math
from typing import Any

from jupyter_ydoc import ynotebook as untyped_ynotebook

from jmcp.core.outputs.numbers import (
    GREATEST_INTEGER,
    LEAST_INTEGER,
    converted,
    is_plain_numbers,
)

ynotebook: Any = untyped_ynotebook


def configure() -> None:
    """Let jupyter_ydoc read documents with any number that JSON as Python writes it can have.

    jupyter_ydoc (4.2.1) makes whole floats integers. It fails at NaN and the infinities, so that a
    room whose document has one is never saved and never loaded again from its store; and of 1e300
    it makes an integer of 301 digits, which pycrdt panics at when the file is read again.
    """
    ynotebook.cast_all = cast_all


def cast_all(value: Any, from_type: type[Any], to_type: type[Any]) -> Any:
    """jupyter_ydoc's function of that name: change the numbers of one type in lists and dicts."""
    if is_plain_numbers(value):
        value[:] = converted(value, to_type)
        return value
    items: Any = enumerate(value) if isinstance(value, list) else list(value.items())
    for place, item in items:
        if isinstance(item, (list, dict)):
            cast_all(item, from_type, to_type)
        elif type(item) is from_type and _castable(item) and to_type(item) == item:
            value[place] = to_type(item)
    return value


def _castable(number: Any) -> bool:
    return LEAST_INTEGER <= number <= GREATEST_INTEGER and math.isfinite(number)
