"""Arrays of params whose items have limits of their own or may not repeat."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from jmcp.core.calls.model import unique

DeleteCellCellIndices = Annotated[list[Annotated[int, Field(ge=0)]], AfterValidator(unique)]
DeleteCellCellIds = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]], AfterValidator(unique)
]
