"""The strict base models that generated models inherit from: the one authority on validity."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

T = TypeVar("T")

NULLS = "nulls"
"""The type of pydantic's error for params that are null; its context has their `names`."""
REPEATS = "repeats"
"""The type of pydantic's error for an array whose items must differ and do not."""


def _plain(value: Any) -> Any:
    """JSON as the schema means it: 1.0 is an integer, and null is not a value of any param."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def unique(items: list[T]) -> list[T]:
    """`uniqueItems`: pydantic knows sets, but the order of the items counts."""
    # By repr, since items may be unhashable; all were validated as one type, so 1 and 1.0 agree.
    if len(set(map(repr, items))) != len(items):
        raise PydanticCustomError(REPEATS, "the items repeat")
    return items


class Params(BaseModel):
    """Arguments of a tool: closed, strict, without nulls, `inf` or strings for numbers."""

    # Each validator is made when its tool is first called: all at once would delay every start.
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        defer_build=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _json(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        nulls = [name for name, value in data.items() if value is None]
        if nulls:
            raise PydanticCustomError(NULLS, "null is given", {"names": nulls})
        return _plain(data)


class Result(BaseModel):
    """What a handler returns: closed; optional properties are left out when not set."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    def dump(self) -> dict[str, Any]:
        """JSON data. Nullable required properties stay as null, absent optional ones are dropped."""
        return self.model_dump(mode="json", exclude_defaults=True)
