"""Arrays of params whose items have limits of their own or may not repeat."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from jmcp.core.calls.model import unique

from . import enums

RemoveCellsCellIds = Annotated[list[Annotated[str, Field(min_length=1)]], AfterValidator(unique)]
EditCellOnly = Annotated[list[enums.State], AfterValidator(unique)]
