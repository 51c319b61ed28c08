"""The command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from jmcp.cli import call, completion, connect


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line. Returns the exit status: 0, 1 for an error, 2 for wrong arguments."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["connect"]:
        return connect.run(given[1:])
    if given[:1] == ["call"]:
        return call.run(given[1:])
    if given[:1] == ["run"]:
        from jmcp.cli import run_command

        return run_command.run(given[1:])
    if given[:1] == ["watch"]:
        from jmcp.cli import watch

        return watch.run(given[1:])
    if given[:1] == ["open"]:
        from jmcp.cli import open_command

        return open_command.run(given[1:])
    if given[:1] == ["completion"]:
        return completion.run(given[1:])
    if given[:2] == ["hub", "gateway"]:
        from jmcp.cli import hub

        return hub.main(given)
    # Imported here: a client waits for `jmcp connect`, and the others import the server's options.
    from jmcp.cli import commands

    return commands.run(given)
