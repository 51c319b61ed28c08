"""`jmcp serve --print-config`: prints the configuration that an MCP client needs."""

from __future__ import annotations

import shutil
import sys
from typing import Any

from jmcp.hosting.client_config import server_address, stdio_config
from jmcp.options.cli_arguments import as_arguments
from jmcp.options.table import BY_NAME
from jmcp.state.token import config_folder, user_token


def print_stdio_config(explicit: dict[str, Any], tokens: dict[str, str]) -> None:
    """Print the configuration of a client that starts this server with these explicit values.

    Values of config.toml are left out, because the started server reads that file itself.
    """
    # The full path of this jmcp, because a client's PATH may differ from the terminal's.
    command = [shutil.which("jmcp") or sys.executable]
    command += [] if command[0].endswith("jmcp") else ["-m", "jmcp"]
    secret = {name: value for name, value in explicit.items() if BY_NAME[name].secret}
    first = {"transport": "stdio"}
    for name in ("root_dir", "jupyter_url", "document_url", "kernel_url"):
        if name in explicit:
            first[name] = explicit[name]
    rest = {name: explicit[name] for name in explicit if name not in first.keys() | secret.keys()}
    command += ["serve", *as_arguments(first | rest)]
    variables = {BY_NAME[name].variable: str(value) for name, value in secret.items()}
    variables |= {name: value for name, value in tokens.items() if value}
    _print(stdio_config(command, variables))


def print_http_config(values: dict[str, Any], token: str) -> None:
    """Print the configuration of a client that connects to this server once it runs."""
    token = token or user_token(config_folder())
    _print(server_address(values["host"], values["port"], "", token).client_config)


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
