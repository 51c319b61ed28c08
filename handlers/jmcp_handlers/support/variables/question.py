"""The question which variables a kernel has, and the answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jmcp_handlers.support.kernel_expression import decoded, expression

FUNCTION, MODULE = "listing", "jmcp_variables"


@cache
def source() -> str:
    """The code that lists them."""
    return Path(__file__).with_name("namespace_listing.py").read_text("utf-8")


def question(asked: Mapping[str, Any]) -> str:
    """The expression for `namespace_listing.listing` with that."""
    return expression(source(), function=FUNCTION, asked=asked, module=MODULE)


def answered(text: str) -> Mapping[str, Any]:
    """What the kernel answered, as `listing` made it. Raises ValueError."""
    return checked(decoded(text))


def checked(found: object) -> Mapping[str, Any]:
    """An answer of `listing`. Raises ValueError for anything else."""
    if not isinstance(found, dict):
        raise ValueError(str(found)[:200])  # noqa: TRY004  a fault of the data
    return found
