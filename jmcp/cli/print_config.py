"""`jmcp serve --print-config`: what an MCP client needs, printed."""

from __future__ import annotations

import shutil
import sys
from typing import Any

from jmcp.hosting.client_config import endpoint, stdio_config
from jmcp.options.cli_arguments import as_arguments
from jmcp.options.table import BY_NAME
from jmcp.state.token import config_folder, kept_token


def of_a_started_server(given: dict[str, Any], tokens: dict[str, str]) -> None:
    """For a client that starts this server itself, with all that was given for it.

    Not what the file says: that will be read then.
    """
    # A client's PATH is not a terminal's: what runs now is what it has to run.
    command = [shutil.which("jmcp") or sys.executable]
    command += [] if command[0].endswith("jmcp") else ["-m", "jmcp"]
    secret = {name: value for name, value in given.items() if BY_NAME[name].secret}
    first = {"transport": "stdio"}
    for name in ("root_dir", "jupyter_url", "document_url", "kernel_url"):
        if name in given:
            first[name] = given[name]
    rest = {name: given[name] for name in given if name not in first.keys() | secret.keys()}
    command += ["serve", *as_arguments(first | rest)]
    variables = {BY_NAME[name].variable: str(value) for name, value in secret.items()}
    variables |= {name: value for name, value in tokens.items() if value}
    _print(stdio_config(command, variables))


def of_a_running_server(values: dict[str, Any], token: str) -> None:
    """For a client that finds this server running."""
    token = token or kept_token(config_folder())
    _print(endpoint(values["host"], values["port"], "", token).client_config)


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
