"""Long lists of numbers in JSON, looked at as a whole.

A plot has a million of them, and functions of Python's own look at a list ten times as fast as a
loop does, in which nobody else is answered.
"""

from __future__ import annotations

import math
from typing import Any, TypeGuard

MANY = 16
"""A shorter list is looked at item by item just as fast."""

LEAST_INTEGER, GREATEST_INTEGER = -(2**63), 2**63 - 1
"""What pycrdt takes: beyond them it panics, with an exception that no `except Exception` sees."""

_NUMBERS = frozenset({int, float})


def is_numbers(value: Any) -> TypeGuard[list[int | float]]:
    """Whether it is a long list of nothing but numbers."""
    return isinstance(value, list) and len(value) >= MANY and set(map(type, value)) <= _NUMBERS


def is_plain_numbers(value: Any) -> TypeGuard[list[int | float]]:
    """Whether it is a long list of nothing but numbers that are finite and within 64 bits."""
    if not is_numbers(value):
        return False
    try:
        finite = math.isfinite(sum(value))
    except OverflowError:  # an integer that no float can be
        return False
    return finite and min(value) >= LEAST_INTEGER and max(value) <= GREATEST_INTEGER


def converted(numbers: list[int | float], kind: type[int] | type[float]) -> list[int | float]:
    """Plain numbers as that type, those that have no equal of that type as they are."""
    found: list[int | float] = [*map(kind, numbers)]
    if found == numbers:
        return found
    return [new if new == old else old for new, old in zip(found, numbers, strict=True)]
