"""`jmcp stop`, and `jmcp connect` with an option of jupyter-mcp-server: both ask a server that runs."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from jmcp.cli.older_arguments import add_older_options
from jmcp.client.http_request import Address, ConnectionLost, HttpRequest, NotConnected
from jmcp.core.errors import ServeError
from jmcp.core.loopback import is_loopback
from jmcp.hosting.older_values import OlderValues, check_newer, older_values
from jmcp.options import sources
from jmcp.options.older_options import (
    CONNECT,
    DEFAULT_SERVER_URL,
    STOP,
    taken_by,
)
from jmcp.state.running_servers import RunningServer, running_servers
from jmcp.state.token import config_folder, kept_token

STOP_HELP = "release the notebook that a server started by jmcp start works in, and its kernel"
STOP_DESCRIPTION = """\
Has a running server release the notebook that calls without a session_id work in, and stop the kernel
that it started, as jupyter-mcp-server does. The server itself goes on; a signal ends it.
"""
CONNECT_DESCRIPTION = """\
With an option of jupyter-mcp-server, jmcp connect does what it does there: it tells a running server
(--jupyter-mcp-server-url) which Jupyter Server and which notebook to work in. Without one it is an MCP
server over stdio: jmcp connect --help.
"""
BODY = {
    "jupyter_url": "jupyter_url",
    "jupyter_token": "jupyter_token",
    "document_url": "document_url",
    "document_token": "document_token",
    "notebook": "document_id",
    "kernel_url": "runtime_url",
    "kernel_token": "runtime_token",
    "notebook_kernel": "runtime_id",
}
"""The fields of PUT /api/connect, by jmcp's names of what they say."""
TOKENS = frozenset({"token", "jupyter_token", "document_token", "kernel_token"})
ANSWER_SECONDS = 60.0
"""A server may have to end calls, to connect and to start a kernel."""


def connect(given: Sequence[str]) -> int:
    """Run `jmcp connect` in its older meaning. Returns the exit status."""
    return _run(CONNECT, CONNECT_DESCRIPTION, given)


def stop(given: Sequence[str]) -> int:
    """Run `jmcp stop`. Returns the exit status."""
    return _run(STOP, STOP_DESCRIPTION, given)


def _run(command: str, description: str, given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog=f"jmcp {command}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_older_options(parser, command)
    arguments = parser.parse_args(given)
    try:
        values = older_values(taken_by(command), vars(arguments), os.environ)
        _check_newer(values)
        for remark in values.remarks:
            _say(command, remark)
        url = _server_url(values.value("server_url") or DEFAULT_SERVER_URL)
        made = asyncio.run(_connected(url, values) if command == CONNECT else _stopped(url, values))
    except ServeError as error:
        _say(command, str(error))
        return 1
    sys.stdout.write(f"{made}\n")
    return 0


async def _connected(url: str, values: OlderValues) -> str:
    body = {
        field: values.value(name) for name, field in BODY.items() if values.value(name) is not None
    }
    answer = await _asked(url, "PUT", "/api/connect", values, body)
    _say(
        CONNECT,
        "an option of jupyter-mcp-server is given, so this tells a running server what to work on; "
        "without one, jmcp connect is an MCP server over stdio",
    )
    place = answer["document_url"]
    if answer["runtime_url"] != place:
        place = f"{place}, with the kernels of {answer['runtime_url']}"
    notebook = answer["document_id"]
    opened = f" {notebook} is open for calls without session_id." if notebook else ""
    return f"The jmcp at {url} works on the Jupyter Server at {place}.{opened}"


async def _stopped(url: str, values: OlderValues) -> str:
    answer = await _asked(url, "DELETE", "/api/stop", values)
    goes_on = f"The jmcp at {url} goes on; Ctrl-C where it runs ends it."
    if answer["released"] is None:
        return f"No notebook was open for calls without session_id. {goes_on}"
    kernel = {"stopped": "its kernel was stopped", "none": "it had no kernel"}.get(
        answer["kernel"], "its kernel goes on, for others use it or it was there before"
    )
    return f"Released {answer['released']}; {kernel}. {goes_on}"


async def _asked(
    url: str, method: str, path: str, values: OlderValues, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What the server answers. Raises ServeError."""
    server = _published(url)
    token = values.value("token") or os.environ.get("JMCP_TOKEN", "")
    if not token and server is not None:
        token = server.token
    elif not token and is_loopback(urlsplit(url).hostname or ""):
        token = kept_token(config_folder())
    headers = {"Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = b"" if body is None else json.dumps(body).encode()
    if data:
        headers["Content-Type"] = "application/json"
    address = Address(url=url, certificate=server.certificate if server else None)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            request = await HttpRequest.sent(address, method, path, headers, data)
            try:
                status, _ = await request.answer()
                text = await request.body()
            finally:
                request.close()
    except NotConnected as error:
        raise ServeError(
            f"no jmcp answers at {url} ({error}); jmcp start --transport streamable-http starts one, "
            "and --jupyter-mcp-server-url names another"
        ) from error
    except ConnectionLost as error:
        raise ServeError(
            f"the connection to {url} was lost ({error}); whether it was done is not known"
        ) from error
    except TimeoutError as error:
        raise ServeError(
            f"the jmcp at {url} has not answered for {ANSWER_SECONDS:g} s; whether it was done is not "
            "known"
        ) from error
    return _answer(url, status, text)


def _answer(url: str, status: int, text: bytes) -> dict[str, Any]:
    """The JSON of a success. Raises ServeError."""
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        answer = {}
    if status == 200 and answer.get("success"):
        return answer
    if status in (401, 403) and "code" in answer:
        raise ServeError(
            f"the jmcp at {url} refused the token: give the one that it prints, as MCP_TOKEN"
        )
    if "success" in answer:
        raise ServeError(f"the jmcp at {url} refused: {answer.get('error')}")
    raise ServeError(
        f"what answers at {url} takes no such request (status {status}): only a jmcp outside of "
        "Jupyter does, as jmcp start and jmcp serve --jupyter-url start one"
    )


def _published(url: str) -> RunningServer | None:
    """The server of this user and machine at that address, by whichever name of this machine."""
    parts = urlsplit(url)
    for server in running_servers().servers:
        other = urlsplit(server.url)
        same_host = parts.hostname == other.hostname or (
            is_loopback(parts.hostname or "") and is_loopback(other.hostname or "")
        )
        if same_host and parts.port == other.port and server.jupyter_url is not None:
            return server
    return None


def _server_url(text: str) -> str:
    """Raises ServeError for what is not the URL of a server."""
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is not a number
        known = False
    if not known:
        raise ServeError(
            "--jupyter-mcp-server-url (JUPYTER_MCP_SERVER_URL) is not the URL of a server, as in "
            f"{DEFAULT_SERVER_URL}"
        )
    return text.rstrip("/").removesuffix("/mcp")


def _check_newer(values: OlderValues) -> None:
    newer = sources.from_variables(dict(os.environ))

    def variable(name: str) -> str:
        return f"JMCP_{name.upper()}"

    def known(name: str) -> Any:
        return os.environ.get(variable(name)) or None if name in TOKENS else newer.get(name)

    check_newer(values, known, variable)


def _say(command: str, line: str) -> None:
    sys.stderr.write(f"jmcp {command}: {line}\n")
