"""`jmcp hub check`: looks over the JupyterHub of a configuration file, or one that runs."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jmcp.cli.doctor import print_findings
from jmcp.core.errors import ServeError

if TYPE_CHECKING:
    from jmcp.doctor.finding import Check, Finding

TOKENS = ("JMCP_HUB_TOKEN", "JUPYTERHUB_API_TOKEN")
DEFAULT_FILE = "jupyterhub_config.py"


def add_to(actions: Any) -> None:
    """Add the command to the subparsers of `jmcp hub`."""
    check = actions.add_parser(
        "check",
        help="what a JupyterHub lacks for jmcp, with a remedy for each problem",
        description="Reads a configuration file without starting anything, or asks a Hub that runs, "
        f"with the token in {TOKENS[0]} (or {TOKENS[1]}). The file shows limits, roles and the proxy, the "
        "Hub whether all of it answers; give both where you can. Exit status 1 if there is a problem; a "
        "warning is none.",
    )
    check.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help=f"the Hub's configuration file ({DEFAULT_FILE} of this folder, without --url)",
    )
    check.add_argument("--url", help="where people reach the Hub, with its path")
    check.add_argument("--gateway-url", metavar="URL", help="the gateway's own, if on another host")
    check.add_argument(
        "--service", default="jmcp", metavar="NAME", help="the gateway's service (jmcp)"
    )
    check.add_argument("--json", action="store_true", help="for programs")


def run(arguments: argparse.Namespace) -> int:
    """Run the command. Returns the exit status. Raises ServeError."""
    # Imported here, so that other commands do not wait for its imports.
    from jmcp.doctor.finding import findings
    from jmcp.doctor.hub.configured import Configured, configured

    known: list[Finding] = []
    checks: dict[str, Check] = {}
    file = arguments.config
    if file is None and arguments.url is None:
        file = Path(DEFAULT_FILE)
    if file is not None:
        if not file.is_file():
            raise ServeError(f"{file} is not there; name one with --config, or a Hub with --url")
        read = configured(file, arguments.service)
        if isinstance(read, Configured):
            checks |= read.checks()
        else:
            known.append(read)
    if arguments.url is not None:
        checks |= _running(arguments)
    found = known + asyncio.run(findings(checks))
    healthy = all(one.state != "problem" for one in found)
    if arguments.json:
        print(json.dumps({"ok": healthy, "findings": [one.public() for one in found]}, indent=2))
    else:
        print_findings(found)
    return 0 if healthy else 1


def _running(arguments: argparse.Namespace) -> dict[str, Check]:
    from jmcp.doctor.hub.running import RunningHub

    url = str(arguments.url).rstrip("/").removesuffix("/hub")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ServeError(f"--url {arguments.url} is no URL; write it as in https://hub.example.org")
    token = next((os.environ[name] for name in TOKENS if os.environ.get(name)), "")
    gateway = arguments.gateway_url or f"{url}/services/{arguments.service}"
    hub = RunningHub(
        url=url, token=token, service=arguments.service, gateway=str(gateway).rstrip("/")
    )
    return hub.checks()
