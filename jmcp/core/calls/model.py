"""The strict base models that generated models inherit from: the one authority on validity."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar, get_args

from annotated_types import MinLen
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

T = TypeVar("T")

REPEATS = "repeats"
"""The type of pydantic's error for an array whose items must differ and do not."""


LOOKED_AT_ITEMS = 10_000
"""Items of arrays and objects in the arguments that are converted; no schema allows more."""


def _plain(value: Any, most: int = LOOKED_AT_ITEMS) -> Any:
    """JSON as the schema means it: 1.0 becomes an integer. A value with more than `most` items, or
    one with such a part, is returned unchanged."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, list | dict) or not 0 < len(value) <= most:
        return value
    each = most // len(value)
    if isinstance(value, list):
        return [_plain(item, each) for item in value]
    return {key: _plain(item, each) for key, item in value.items()}


def unique(items: list[T]) -> list[T]:
    """`uniqueItems`: pydantic knows sets, but the order of the items counts."""
    # By repr, since items may be unhashable; all were validated as one type, so 1 and 1.0 agree.
    if len(set(map(repr, items))) != len(items):
        raise PydanticCustomError(REPEATS, "the items repeat")
    return items


class Params(BaseModel):
    """Arguments of a tool: closed, strict, without `inf` or strings for numbers.

    Null is not giving an argument, and so is an empty string where an id, a path or a name is meant.
    """

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
        return _plain(cls.given(data))

    @classmethod
    def given(cls, data: dict[str, Any]) -> dict[str, Any]:
        """The arguments without those that are null or blank, which count as not given."""
        blank = _may_be_blank(cls)
        absent = {
            name
            for name in cls.model_fields.keys() & data.keys()
            if data[name] is None or (data[name] == "" and name in blank)
        }
        if not absent:
            return data
        return {name: value for name, value in data.items() if name not in absent}


@cache
def _may_be_blank(params: type[Params]) -> frozenset[str]:
    """The params that need not be given and whose strings are never empty."""
    return frozenset(
        name
        for name, field in params.model_fields.items()
        if not field.is_required()
        and str in (field.annotation, *get_args(field.annotation))
        and any(isinstance(one, MinLen) and one.min_length == 1 for one in field.metadata)
    )


class Result(BaseModel):
    """What a handler returns: closed; optional properties are left out when not set."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    def dump(self) -> dict[str, Any]:
        """JSON data, without what is as it is by default."""
        return self.model_dump(mode="json", exclude_defaults=True)
