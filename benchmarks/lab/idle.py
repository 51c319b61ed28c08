"""The server's memory for what is open and rests: tabs with their rooms, and pages."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import requests
import websocket
from pycrdt import Doc, YMessageType, YSyncMessageType, create_sync_message, handle_sync_message

from benchmarks import limits
from benchmarks.figures import Figure
from benchmarks.notebooks import write_notebook
from benchmarks.servers.memory import resident_mb
from benchmarks.servers.process import Server

TABS, CELLS = 20, 30
SECONDS = 30
SETTLE_SECONDS = 5
"""After the last of them: rooms have saved what they had to."""


def idle(server: Server) -> list[Figure]:
    """The first few of a kind, which bring code and caches, do not count."""
    for number in range(TABS + 3):
        write_notebook(server.root / f"idle{number}.ipynb", CELLS)
    browser = requests.Session()
    browser.get(f"{server.url}lab", params={"token": server.token}, timeout=SECONDS)
    with ExitStack() as stack:

        def tab(number: int) -> None:
            stack.callback(_tab(browser, server, f"idle{number}.ipynb").close)

        def page(number: int) -> None:
            stack.callback(_page(browser, server).close)

        tabs = _each(server, tab)
        pages = _each(server, page)
    note = f"{TABS} of them"
    return [
        Figure(
            name=f"lab: server memory of an open tab, {CELLS} cells",
            value=tabs,
            unit="MB",
            limit=limits.IDLE_TAB,
            note=f"{note}, each with a room of its own",
        ),
        Figure(
            name="lab: server memory of an open page",
            value=pages,
            unit="MB",
            limit=limits.IDLE_TAB,
            note=note,
        ),
    ]


def _each(server: Server, begin: Callable[[int], None]) -> float:
    """MB that one more of them takes."""
    for number in range(3):
        begin(number)
    time.sleep(SETTLE_SECONDS)
    before = resident_mb(server.pid)
    for number in range(3, TABS + 3):
        begin(number)
    time.sleep(SETTLE_SECONDS)
    return (resident_mb(server.pid) - before) / TABS


def _tab(browser: requests.Session, server: Server, path: str) -> websocket.WebSocket:
    """A connection of a tab that has its document."""
    answer = browser.put(
        f"{server.url}jmcp/lab/rooms",
        json={"path": path},
        headers={"X-XSRFToken": str(browser.cookies["_xsrf"])},
        timeout=SECONDS,
    )
    answer.raise_for_status()
    place = answer.json()
    query = urlencode({name: place[name] for name in ("session", "history")})
    socket = _socket(browser, server, f"jmcp/lab/room/{quote(place['room'])}?{query}")
    document: Doc[Any] = Doc()
    socket.send_binary(create_sync_message(document))
    while True:
        _, message = socket.recv_data()
        if message[0] != YMessageType.SYNC:
            continue
        if (reply := handle_sync_message(message[1:], document)) is not None:
            socket.send_binary(reply)
        if message[1] == YSyncMessageType.SYNC_STEP2:
            del document
            gc.collect()
            return socket


def _page(browser: requests.Session, server: Server) -> websocket.WebSocket:
    """A page's one connection to jmcp, after its greeting."""
    socket = _socket(browser, server, "jmcp/lab/page")
    socket.send(json.dumps({"type": "hello", "page": str(uuid4()), "way": "jmcp", "app": "lab"}))
    return socket


def _socket(browser: requests.Session, server: Server, path: str) -> websocket.WebSocket:
    cookies = "; ".join(f"{one.name}={one.value}" for one in browser.cookies)
    return websocket.create_connection(
        f"{server.url.replace('http', 'ws', 1)}{path}", cookie=cookies, timeout=SECONDS
    )
