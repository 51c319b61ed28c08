"""The values of options: from the command line, then from variables, then from config.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, MutableMapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jmcp.core.errors import ServeError
from jmcp.options.older_options import NOT_GIVEN
from jmcp.options.option_types import FilePath
from jmcp.options.table import BY_NAME, OPTIONS, Option

FILE = "config.toml"


def explicit_values(
    arguments: Mapping[str, Any], environment: MutableMapping[str, str]
) -> dict[str, Any]:
    """The values of arguments and variables, by name of the option. Raises ServeError.

    Variables that may hold a password are removed, so that no kernel inherits one.
    """
    values = from_variables(environment)
    for option in OPTIONS:
        value = arguments.get(option.name)
        if value is None:
            continue
        if option.secret and has_password(value):
            raise ServeError(
                f"{option.flag} holds a password, and others of this machine can read the "
                f"arguments of its processes: give it as {option.variable} or in {FILE}"
            )
        values[option.name] = value
    return values


def from_variables(environment: MutableMapping[str, str]) -> dict[str, Any]:
    """The values of variables, by name of the option; an empty one has none. Raises ServeError."""
    values = {}
    for option in OPTIONS:
        own = _parsed(option, option.variable, environment.get(option.variable))
        older = None
        if option.older_variable:
            text = environment.get(option.older_variable, "")
            given = text.strip().lower() not in NOT_GIVEN
            older = _parsed(option, option.older_variable, text.strip() if given else None)
        if option.secret:
            environment.pop(option.variable, None)
        if own is not None and older is not None and own != older:
            raise ServeError(
                f"{option.older_variable} and {option.variable} are two names of one option and have "
                "different values; remove one of them"
            )
        value = own if own is not None else older
        if value is not None:
            values[option.name] = value
    return values


def _parsed(option: Option, variable: str, text: str | None) -> Any:
    """The value of a variable; an empty one has none, None. Raises ServeError."""
    if not text:
        return None
    try:
        return option.type.parsed(text)
    except ValueError as error:
        raise ServeError(f"variable {variable}: {error}") from error


def from_file(folder: Path) -> dict[str, Any]:
    """The values of config.toml in that folder, to which its paths are relative. Raises ServeError."""
    path = folder / FILE
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ServeError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ServeError(f"{path} is not TOML: {error}") from error
    return {name: _in_file(path, name, value) for name, value in table.items()}


def resolved(*sources: Mapping[str, Any]) -> dict[str, Any]:
    """A value for every option: from the first source that has one, else its default."""
    values = {option.name: option.default for option in OPTIONS}
    for source in reversed(sources):
        values.update(source)
    return values


def has_password(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.password) or "password" in parse_qs(parts.query)


def _in_file(path: Path, name: str, value: Any) -> Any:
    option = BY_NAME.get(name)
    if option is None:
        near = get_close_matches(name, BY_NAME, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(BY_NAME))}"
        raise ServeError(f"{path}: no option is called {name}; {hint}")
    try:
        checked = option.type.checked(value)
    except ValueError as error:
        raise ServeError(f"{path}: {name}: {error}") from error
    return path.parent / checked if isinstance(option.type, FilePath) else checked
