"""The options of the table on a command line, and back."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

from jmcp.options.option_types import Kind, Switch
from jmcp.options.table import BY_NAME, Option


def add_options(command: Any, options: Iterable[Option]) -> None:
    """Add them to a parser or a group of one. What is not given is None in the namespace."""
    for option in options:
        if isinstance(option.kind, Switch):
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
                type=_parsed(option.kind),
                help=option.described,
            )


def as_arguments(values: dict[str, Any]) -> list[str]:
    """What `add_options` reads as these values."""
    written = []
    for name, value in values.items():
        option = BY_NAME[name]
        plain = option.kind.plain(value)
        if isinstance(plain, bool):
            written.append(option.flag if plain else option.flag.replace("--", "--no-", 1))
        else:
            text = ",".join(plain) if isinstance(plain, list) else str(plain)
            # In one word a value may begin with a dash, and be empty.
            written += [f"{option.flag}={text}"] if text[:1] in ("", "-") else [option.flag, text]
    return written


def _parsed(kind: Kind) -> Callable[[str], Any]:
    def parsed(text: str) -> Any:
        try:
            return kind.parsed(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parsed
