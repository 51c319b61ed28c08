"""The options of the table as traits of the Jupyter extension, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traitlets import Bool, Enum, Float, Int, List, Unicode
from traitlets.config import Configurable

from jmcp.core.errors import ServeError
from jmcp.options.option_types import Choice, Names, Number, Switch, Whole
from jmcp.options.table import SETTINGS, Option


def traits() -> dict[str, Any]:
    """By name. All are None by default: what nobody set is left to variables and the file."""
    return {name_of(option): _trait(option).tag(config=True) for option in SETTINGS}


def config(values: Mapping[str, Any]) -> dict[str, Any]:
    """The traits that say the same as these values, which may be of any options."""
    return {
        name_of(option): option.kind.plain(values[option.name])
        for option in SETTINGS
        if option.name in values
    }


def given(extension: Configurable) -> dict[str, Any]:
    """What traits say, by name of the option. Raises ServeError."""
    values = {}
    for option in SETTINGS:
        value = getattr(extension, name_of(option))
        if value is None:
            continue
        try:
            values[option.name] = option.kind.checked(value)
        except ValueError as error:
            raise ServeError(f"{type(extension).__name__}.{name_of(option)}: {error}") from error
    return values


def name_of(option: Option) -> str:
    return option.trait or option.name


def _trait(option: Option) -> Any:
    about: dict[str, Any] = {"default_value": None, "allow_none": True, "help": option.described}
    kind = option.kind
    if isinstance(kind, Choice):
        return Enum(kind.names, **about)
    if isinstance(kind, Names):
        return List(Unicode(), **about)
    if isinstance(kind, Switch):
        return Bool(**about)
    if isinstance(kind, Whole):
        return Int(**about)
    if isinstance(kind, Number):
        return Float(**about)
    return Unicode(**about)
