"""Every error that a tool can raise. Each has a constructor for each of its sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from jmcp.core.errors import ToolError


class FrameNotFound(ToolError):
    """No variable of the kernel is a DataFrame of that name."""

    code = "frame_not_found"
    http = 404
    fault = "client"
    retry = "never"

    @classmethod
    def unknown(cls, *, name: str) -> Self:
        return cls(
            f"The kernel has no variable {name!r}. list_variables shows what it has.", name=name
        )

    @classmethod
    def other_type(cls, *, name: str, kind: str) -> Self:
        return cls(
            f"{name!r} is a {kind}, and only a DataFrame of pandas can be profiled. list_variables with type pandas.DataFrame lists those.",
            name=name,
        )

    @classmethod
    def failed(cls, *, name: str, reason: str) -> Self:
        return cls(
            f"The kernel could not profile {name!r}: {reason}. execute_code can look at it in another way.",
            name=name,
        )


ERRORS: Mapping[str, type[ToolError]] = {error.code: error for error in (FrameNotFound,)}
"""All of them, by code."""
