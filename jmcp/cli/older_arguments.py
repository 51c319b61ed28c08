"""The options of jupyter-mcp-server as arguments of jmcp's command line."""

from __future__ import annotations

import argparse

from jmcp.options.older_options import OlderOption, taken_by
from jmcp.options.option_types import Switch


def add_older_options(parser: argparse.ArgumentParser, command: str) -> None:
    """Add those of one of the older commands, by their latest names; the others work too.

    Their values are read later, together with the variables: an argument is its text, or None.
    """
    group = parser.add_argument_group("options of jupyter-mcp-server")
    for option in taken_by(command):
        for name, flag in zip(option.names, option.flags, strict=False):
            shown = _help(option, name)
            if isinstance(option.type, Switch):
                # There some switches take a value and some do not.
                group.add_argument(
                    flag, dest=name, metavar="BOOLEAN", nargs="?", const="true", help=shown
                )
            else:
                group.add_argument(flag, dest=name, metavar="VALUE", help=shown)


def _help(option: OlderOption, name: str) -> str:
    if option.refused and not option.help:
        return argparse.SUPPRESS
    if name != option.name:
        return f"its earlier name: {option.flags[0]}"
    return option.help
