"""Options as traits of the Jupyter extension, in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traitlets import Bool, Enum, Float, Int, List, Unicode
from traitlets.config import Configurable

from jmcp.core.errors import ServeError
from jmcp.options.option_types import Choice, Integer, NameList, Number, Switch
from jmcp.options.table import SETTINGS, Option


def traits() -> dict[str, Any]:
    """The traits by name. Unset ones are None: variables and config.toml decide then."""
    return {name_of(option): _trait(option).tag(config=True) for option in SETTINGS}


def config(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of options as a configuration of traits; those without a trait are left out."""
    return {
        name_of(option): option.type.plain(values[option.name])
        for option in SETTINGS
        if option.name in values
    }


def explicit_values(extension: Configurable) -> dict[str, Any]:
    """The values of set traits, by name of the option. Raises ServeError."""
    values = {}
    for option in SETTINGS:
        value = getattr(extension, name_of(option))
        if value is None:
            continue
        try:
            values[option.name] = option.type.checked(value)
        except ValueError as error:
            raise ServeError(f"{type(extension).__name__}.{name_of(option)}: {error}") from error
    return values


def name_of(option: Option) -> str:
    return option.trait or option.name


def _trait(option: Option) -> Any:
    about: dict[str, Any] = {"default_value": None, "allow_none": True, "help": option.described}
    if isinstance(option.type, Choice):
        return Enum(option.type.names, **about)
    if isinstance(option.type, NameList):
        return List(Unicode(), **about)
    if isinstance(option.type, Switch):
        return Bool(**about)
    if isinstance(option.type, Integer):
        return Int(**about)
    if isinstance(option.type, Number):
        return Float(**about)
    return Unicode(**about)
