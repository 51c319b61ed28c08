"""Where the values of options come from: the command line, then variables, then config.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, MutableMapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jmcp.core.errors import ServeError
from jmcp.options.option_types import Place
from jmcp.options.table import BY_NAME, OPTIONS

FILE = "config.toml"


def given(arguments: Mapping[str, Any], environment: MutableMapping[str, str]) -> dict[str, Any]:
    """What options and variables say, by name of the option. Raises ServeError.

    Variables that may hold a password leave the environment, so that no kernel inherits one.
    """
    values = from_variables(environment)
    for option in OPTIONS:
        value = arguments.get(option.name)
        if value is None:
            continue
        if option.secret and _has_password(value):
            raise ServeError(
                f"{option.flag} holds a password, and others of this machine can read the "
                f"arguments of its processes: give it as {option.variable} or in {FILE}"
            )
        values[option.name] = value
    return values


def from_variables(environment: MutableMapping[str, str]) -> dict[str, Any]:
    """An empty variable is none."""
    values = {}
    for option in OPTIONS:
        text = environment.get(option.variable)
        if option.secret:
            environment.pop(option.variable, None)
        if not text:
            continue
        try:
            values[option.name] = option.kind.parsed(text)
        except ValueError as error:
            raise ServeError(f"variable {option.variable}: {error}") from error
    return values


def from_file(folder: Path) -> dict[str, Any]:
    """What config.toml of that folder says; paths in it are relative to it. Raises ServeError."""
    path = folder / FILE
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ServeError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ServeError(f"{path} is no TOML: {error}") from error
    return {name: _in_file(path, name, value) for name, value in table.items()}


def decided(*sources: Mapping[str, Any]) -> dict[str, Any]:
    """A value for every option: of the first source that has one, else its default."""
    values = {option.name: option.default for option in OPTIONS}
    for source in reversed(sources):
        values.update(source)
    return values


def _has_password(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.password) or "password" in parse_qs(parts.query)


def _in_file(path: Path, name: str, value: Any) -> Any:
    option = BY_NAME.get(name)
    if option is None:
        near = get_close_matches(name, BY_NAME, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(BY_NAME))}"
        raise ServeError(f"{path}: no option is called {name}; {hint}")
    try:
        checked = option.kind.checked(value)
    except ValueError as error:
        raise ServeError(f"{path}: {name}: {error}") from error
    return path.parent / checked if isinstance(option.kind, Place) else checked
