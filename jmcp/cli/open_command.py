"""`jmcp open`: the workbench or JupyterLab of a running server, in the browser and logged in."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from jmcp.cli import server_choice
from jmcp.client.browser import open_page
from jmcp.client.http_request import ConnectionLost, HttpRequest, NotConnected
from jmcp.client.servers import Endpoint
from jmcp.core.errors import ServeError

HELP = "open the workbench or JupyterLab of a running server in the browser, logged in"
DESCRIPTION = """\
Open the page of the jmcp that runs on this machine. The browser is let in by a ticket, which is good
once and for a minute: no token is in a URL, nor in the browser's history.
"""
EPILOG = """\
exit status: 0, or 1 where there is no server, it refuses or no browser opens, or 2 for wrong arguments
"""
PAGES = {"workbench": "/jmcp/workbench", "lab": "/lab"}
TICKETS = "/jmcp/v1/tickets"
CREATED = 201


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="jmcp open",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("page", nargs="?", choices=PAGES, default="workbench", help="(workbench)")
    made.add_argument(
        "--print", action="store_true", help="print the URL with its ticket, and open nothing"
    )
    server_choice.add_options(made, starts=False)
    made.add_argument("--token", help="the token of the server; else the one it keeps for you")
    return made


def run(given: Sequence[str]) -> int:
    """Returns the exit status."""
    arguments = parser().parse_args(given)
    try:
        url = asyncio.run(_url(arguments))
    except ServeError as error:
        say(str(error))
        return 1
    if arguments.print:
        print(url)
        return 0
    reason = open_page(url)
    if reason is None:
        return 0
    say(f"no browser opened ({reason}). Open this within a minute, once:")
    print(url)
    return 1


async def _url(arguments: argparse.Namespace) -> str:
    """The URL that lets a browser in. Raises ServeError."""
    given = arguments.token or os.environ.get("JMCP_TOKEN", "")
    server = await server_choice.servers_of(arguments, say, given).available(0)
    endpoint = Endpoint(server=server)
    headers = {**endpoint.headers, "Content-Type": "application/json"}
    if arguments.token:
        headers["Authorization"] = f"Bearer {arguments.token}"
    body = json.dumps({"next": PAGES[arguments.page]}).encode()
    try:
        request = await HttpRequest.sent(endpoint.address, "POST", TICKETS, headers, body)
        try:
            status, _ = await request.answer()
            answered = await request.body()
        finally:
            request.close()
    except (NotConnected, ConnectionLost) as error:
        raise ServeError(f"the jmcp at {server.url} has gone: {error}") from error
    told = _object(answered)
    if status == CREATED:
        return str(told["url"])
    raise ServeError(
        f"the jmcp at {server.url} gives no ticket (status {status}): {told.get('detail', '')}"
    )


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def say(line: str) -> None:
    sys.stderr.write(f"jmcp open: {line}\n")
    sys.stderr.flush()
