"""`jmcp token`: creates, lists and removes named tokens."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from jmcp.core.calls.principal import LEVELS
from jmcp.state.named_tokens import NamedTokens, Token, TokenError
from jmcp.state.token import config_folder

SPAN = re.compile(r"(\d{1,5})([hdw])")
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

DESCRIPTION = """\
Named tokens let an agent into your jmcp servers with less than your own token allows, each with
sessions of its own. A server that runs already knows a new one at once, and a removed one no more.

scopes, each with those before it:
  read     see notebooks, cells, outputs, files and kernels
  write    create notebooks, edit and delete cells
  execute  run code, which may do whatever you may do on this machine
  admin    everything
"""

EXAMPLES = """\
examples:
  jmcp token create --name reviewer --scope read --expires 30d
  jmcp token list
  jmcp token remove reviewer
"""


def add_to(commands: Any, *, run: Callable[[argparse.Namespace], int]) -> None:
    """Add the command to the subparsers of a command line."""
    command = commands.add_parser(
        "token",
        help="make, list and remove named tokens, for clients that may do less",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")

    create = actions.add_parser(
        "create", help="make a token and print it, once", description="Make a token and print it."
    )
    create.add_argument(
        "--name", required=True, help="what to call it, and the owner of its sessions"
    )
    create.add_argument(
        "--scope",
        required=True,
        action="append",
        choices=LEVELS,
        dest="scopes",
        help="what it allows; may be given more than once, and the widest counts",
    )
    create.add_argument(
        "--expires",
        metavar="WHEN",
        default="never",
        help="in hours, days or weeks (12h, 30d, 4w), with the end of a day in UTC (2026-12-31), "
        "or never (the default)",
    )

    actions.add_parser("list", help="list them", description="List the tokens, expired ones too.")

    remove = actions.add_parser("remove", help="remove one", description="Remove a token.")
    remove.add_argument("name", metavar="NAME", help="its name")


def run(arguments: argparse.Namespace) -> None:
    """Run the command. Raises TokenError, OSError."""
    tokens = NamedTokens(config_folder())
    if arguments.action == "create":
        moment = moment_of(arguments.expires, datetime.now(UTC))
        # Nothing else goes to stdout, so that a script can read it.
        token = tokens.create(arguments.name, tuple(arguments.scopes), moment)
        sys.stdout.write(f"{token}\n")
        say("This is the only time that it is shown. Clients send it as")
        say("Authorization: Bearer <token>")
    elif arguments.action == "list":
        print_table(tokens.all())
    else:
        tokens.remove(arguments.name)
        say(f"removed {arguments.name}: it opens nothing any more")


def moment_of(text: str, now: datetime) -> float | None:
    """A moment in seconds since the epoch, None for never. Raises TokenError."""
    if text == "never":
        return None
    if span := SPAN.fullmatch(text):
        moment = now + int(span[1]) * UNITS[span[2]]
    else:
        try:
            moment = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
        except (ValueError, OverflowError):
            raise TokenError(
                f"--expires {text} is not a time: 12h, 30d, 4w, {now:%Y-%m-%d} or never"
            ) from None
    if moment <= now:
        raise TokenError(f"--expires {text} is over already")
    return moment.timestamp()


def print_table(tokens: list[Token]) -> None:
    if not tokens:
        say("there are none; jmcp token create makes one")
        return
    now = time.time()
    width = max(len(token.name) for token in tokens)
    for token in tokens:
        scopes = f"{','.join(token.scopes):<{len(','.join(LEVELS))}}"
        sys.stdout.write(f"{token.name:<{width}}  {scopes}  {end_of(token, now)}\n")


def end_of(token: Token, now: float) -> str:
    """`never expires`, `expires 2026-12-31 23:59 UTC` or `expired ...`."""
    if token.expires is None:
        return "never expires"
    end = datetime.fromtimestamp(token.expires, UTC)
    return f"{'expired' if token.expired(now) else 'expires'} {end:%Y-%m-%d %H:%M} UTC"


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
