"""The MCP clients of this machine: whether jmcp is configured there, and whether that works."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from jmcp.client.http_request import Address, ConnectionLost, HttpRequest, NotConnected
from jmcp.client.servers import asks_for_login
from jmcp.clients.config_file import ConfigFile
from jmcp.clients.table import CLIENTS, Client
from jmcp.core.errors import ServeError
from jmcp.doctor.finding import Finding, problem

NO_SERVER = "no jmcp runs"
"""In the answer of `jmcp connect --no-start`: all but a server is there, and that would be started."""
LINE_BYTES = 2**24
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "jmcp-doctor", "version": "1"},
}


class Broken(Exception):
    """Why an entry does not work."""


async def clients() -> Sequence[Finding]:
    here = [one for one in CLIENTS.values() if one.is_here(os.environ)]
    if not here:
        return [Finding(about="clients", fact=f"none of these is here: {', '.join(CLIENTS)}")]
    return await asyncio.gather(*(_client(one) for one in here))


async def _client(client: Client) -> Finding:
    path = client.path(os.environ)
    try:
        entry = ConfigFile(client, path).entry()
    except ServeError as error:
        return problem(client.title, str(error), f"repair {path}")
    again = f"jmcp install {client.name}"
    if entry is None:
        return Finding(about=client.title, fact=f"jmcp is not configured; {again} does it")
    try:
        fact = await _works(entry)
    except Broken as error:
        return problem(client.title, f"jmcp is configured, and does not work: {error}", again)
    return Finding(about=client.title, fact=fact)


async def _works(entry: Any) -> str:
    """What a connection made as that entry says has shown. Raises Broken."""
    if not isinstance(entry, dict):
        raise Broken("its entry is not an object")
    url = entry.get("url") or entry.get("httpUrl") or entry.get("serverUrl")
    if isinstance(url, str):
        return await _over_http(url, entry.get("headers") or entry.get("http_headers") or {})
    command, arguments = entry.get("command"), entry.get("args", [])
    if not isinstance(command, str) or not isinstance(arguments, list):
        raise Broken("its entry has neither a command nor a url")
    program = shutil.which(command)
    if program is None:
        raise Broken(f"{command} is not there, or cannot be run")
    variables = entry.get("env") or {}
    return await _over_stdio([program, *map(str, arguments)], variables)


async def _over_stdio(command: list[str], variables: dict[str, str]) -> str:
    connects = "connect" in command[1:] and "--no-start" not in command
    process = await asyncio.create_subprocess_exec(
        *command,
        *(["--no-start"] if connects else []),
        env=os.environ | {name: str(value) for name, value in variables.items()},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=LINE_BYTES,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(_request(1, "initialize", INITIALIZE))
        await process.stdin.drain()
        answer = await _answer(process.stdout, 1)
        if "error" in answer:
            message = str(answer["error"].get("message"))
            if connects and NO_SERVER in message:
                return "jmcp is configured and starts; no server runs now, and it would start one"
            raise Broken(message)
        ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        process.stdin.write(json.dumps(ready).encode() + b"\n" + _request(2, "tools/list", {}))
        await process.stdin.drain()
        listed = await _answer(process.stdout, 2)
        return f"jmcp is configured and works: {len(listed['result']['tools'])} tools"
    except (OSError, KeyError) as error:
        raise Broken(f"{type(error).__name__}: {error}") from error
    finally:
        process.stdin.close()
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _request(number: int, method: str, params: dict[str, Any]) -> bytes:
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps(message).encode() + b"\n"


async def _answer(stdout: asyncio.StreamReader, number: int) -> dict[str, Any]:
    while line := await stdout.readline():
        try:
            message = json.loads(line)
        except ValueError:
            raise Broken("it writes to stdout what is not MCP") from None
        if message.get("id") == number:
            return dict(message)
    raise Broken("it ends before it answers")


async def _over_http(url: str, headers: dict[str, str]) -> str:
    parts = urlsplit(url)
    address = Address(url=f"{parts.scheme}://{parts.netloc}")
    given = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        **{name: str(value) for name, value in headers.items()},
    }
    body = _request(1, "initialize", INITIALIZE)
    try:
        request = await HttpRequest.sent(address, "POST", parts.path or "/", given, body)
        try:
            status, said = await request.answer()
        finally:
            request.close()
    except (NotConnected, ConnectionLost) as error:
        raise Broken(f"nothing answers at {url} ({error})") from error
    if asks_for_login(status, said) and "authorization" not in {one.lower() for one in headers}:
        return f"jmcp is configured and answers at {url}; the client logs in there"
    if status == 401:
        raise Broken(f"{url} refuses the token")
    if status != 200:
        raise Broken(f"{url} answers with status {status}")
    return f"jmcp is configured and answers at {url}"
