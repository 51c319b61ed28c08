"""The Hub's proxy: it has to let streams pass as they come, and to end those of dead servers."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from traitlets.config import Config

from jmcp.hub.configuration.given import (
    ConfigurationConflict,
    given,
    put_default,
    sections,
)

TIMEOUT = "--timeout"
TIMEOUT_MILLISECONDS = 60_000
"""configurable-http-proxy leaves a client's connection open for ever when the server behind it dies
in the middle of an answer, unless it has a timeout. jmcp sends something every 15 seconds."""
LEAST_MILLISECONDS = 30_000
ROUTES_SECONDS = 30
"""A proxy that others start has lost all routes when it starts again, and the Hub gives it new ones only
when it looks for activity, by default every five minutes: until then nobody reaches anything."""
DEFAULT_COMMAND = ["configurable-http-proxy"]
NO_KNOWN_PROXY = (
    "the proxy is {name}: it has to let streams pass as they come, and to close those of servers "
    "that died"
)
NODE_PROXIES = ("", "default", "configurable-http-proxy")


def put_timeout(c: Config) -> list[str]:
    """Give configurable-http-proxy its timeout. Returns warnings. Raises ConfigurationConflict."""
    chosen = given(c, "JupyterHub", "proxy_class", "")
    name = chosen if isinstance(chosen, str) else chosen.__name__
    if name not in NODE_PROXIES and not name.endswith("ConfigurableHTTPProxy"):
        return [NO_KNOWN_PROXY.format(name=name)]
    base = "ConfigurableHTTPProxy"
    command = _words(given(c, base, "command", DEFAULT_COMMAND))
    if not started_by_hub(c):
        put_default(c, "JupyterHub", "last_activity_interval", ROUTES_SECONDS)
        return [f"start the Hub's proxy with {TIMEOUT}={TIMEOUT_MILLISECONDS}, as the Hub does not"]
    if is_python(command):
        raise ConfigurationConflict(
            f"{command[0]} is the proxy in Python, which holds streams back until they end, so that no "
            "MCP client gets progress or changes. Install the one of npm (npm install -g "
            "configurable-http-proxy) and put it into c.ConfigurableHTTPProxy.command"
        )
    if timeout_of(command) is None:
        command = [*command, f"{TIMEOUT}={TIMEOUT_MILLISECONDS}"]
    for section in sections(c, base, "command"):
        c[section].command = command
    return []


def started_by_hub(c: Config) -> bool:
    return all(
        bool(given(c, section, "should_start", True))
        for section in ("Proxy", "ConfigurableHTTPProxy")
    )


def timeout_of(command: Sequence[str]) -> int | None:
    """The timeout in milliseconds that a command line gives the proxy; None for none."""
    for word, following in zip(command, [*command[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name == TIMEOUT:
            text = value if equals else following
            return int(text) if text.isdigit() else None
    return None


def is_python(command: Sequence[str]) -> bool:
    """Whether that command is the port of the proxy to Python."""
    found = shutil.which(command[0]) if command else None
    if found is None:
        return False
    if "configurable_http_proxy" in " ".join(command):
        return True
    try:
        with Path(found).open("rb") as file:
            first = file.readline(200)
    except OSError:
        return False
    return first.startswith(b"#!") and b"python" in first


def _words(command: str | Sequence[str]) -> list[str]:
    return [command] if isinstance(command, str) else [*command]
