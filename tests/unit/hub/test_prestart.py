"""Servers of named users that start before they are asked for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from jmcp.hub.configuration.prestart_service import Hub, seconds_until, start_all


@contextmanager
def answering(statuses: dict[str, list[tuple[int, str]]]) -> Iterator[tuple[Hub, list[str]]]:
    """A server that answers starts as the Hub does: by user, the last answer again and again."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert json.loads(body) == {"user_options": None}
            assert self.headers["Authorization"] == "Bearer secret"
            name = self.path.split("/")[2]
            asked.append(name)
            left = statuses[name]
            status, message = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps({"message": message}).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Hub(url=f"http://127.0.0.1:{server.server_port}", token="secret"), asked
        finally:
            server.shutdown()
            thread.join()


def test_each_is_started_and_one_waits_in_line() -> None:
    statuses = {
        "ada": [(429, "too many"), (429, "too many"), (202, "")],
        "ben": [(400, "ben is already running")],
        "cem": [(404, "no such user")],
        "dora": [(201, "")],
    }
    with answering(statuses) as (hub, asked):
        assert start_all(hub, list(statuses), lambda _: None) == ["ada", "ben", "dora"]
        assert asked == ["ada", "ada", "ada", "ben", "cem", "dora"]


def test_where_there_is_no_room_the_others_are_left_alone() -> None:
    statuses = {"ada": [(503, "At capacity")], "ben": [(201, "")]}
    with answering(statuses) as (hub, asked):
        assert start_all(hub, list(statuses), lambda _: None) == []
        assert asked == ["ada"]


def test_a_hub_that_never_answers_is_given_up() -> None:
    waited: list[float] = []
    hub = Hub(url="http://127.0.0.1:9", token="secret")
    assert start_all(hub, ["ada"], waited.append) == []
    assert 1 < len(waited) < 100


def test_the_next_time_of_the_day() -> None:
    now = datetime(2026, 1, 31, 7, 30)
    assert seconds_until(["07:31", "23:00"], now) == 60
    assert seconds_until(["07:30"], now) == 86_400
    assert seconds_until([], now) is None
