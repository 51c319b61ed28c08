"""Options as command-line arguments, in both directions."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

from jmcp.options.option_types import OptionType, Switch
from jmcp.options.table import BY_NAME, Option


def add_options(command: Any, options: Iterable[Option]) -> None:
    """Add options to a parser or a group of one. An option not given is None in the namespace."""
    for option in options:
        if isinstance(option.type, Switch):
            command.add_argument(
                option.flag,
                dest=option.name,
                action=argparse.BooleanOptionalAction,
                help=option.described,
            )
        else:
            command.add_argument(
                option.flag,
                dest=option.name,
                metavar=option.metavar,
                type=_parser(option.type),
                help=option.described,
            )


def as_arguments(values: dict[str, Any]) -> list[str]:
    """The arguments that `add_options` reads as these values."""
    written = []
    for name, value in values.items():
        option = BY_NAME[name]
        plain = option.type.plain(value)
        if isinstance(plain, bool):
            written.append(option.flag if plain else option.flag.replace("--", "--no-", 1))
        else:
            text = ",".join(plain) if isinstance(plain, list) else str(plain)
            # Joined by = a value may begin with a dash, or be empty.
            written += [f"{option.flag}={text}"] if text[:1] in ("", "-") else [option.flag, text]
    return written


def _parser(type_: OptionType) -> Callable[[str], Any]:
    def parsed(text: str) -> Any:
        try:
            return type_.parsed(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parsed
