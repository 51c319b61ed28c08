"""Arrays of params whose items have limits of their own or may not repeat."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

DeleteCellCellIndices = list[Annotated[int, Field(ge=0)]]
DeleteCellCellIds = list[Annotated[str, Field(min_length=1, max_length=64)]]
ClearCellOutputCellIndices = list[Annotated[int, Field(ge=0)]]
ClearCellOutputCellIds = list[Annotated[str, Field(min_length=1, max_length=64)]]
InstallPackagesPackages = list[Annotated[str, Field(min_length=1, max_length=1000)]]
AcceptChangesChangeIds = list[Annotated[str, Field(min_length=1, max_length=64)]]
AcceptChangesCellIds = list[Annotated[str, Field(min_length=1, max_length=64)]]
RevertChangesChangeIds = list[Annotated[str, Field(min_length=1, max_length=64)]]
RevertChangesCellIds = list[Annotated[str, Field(min_length=1, max_length=64)]]
