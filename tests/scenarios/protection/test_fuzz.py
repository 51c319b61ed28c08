"""Whatever arrives, a server answers it as wrong, stays as it was, and serves the next one."""

from __future__ import annotations

import json
import os
import random
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jmcp.compose import API
from jmcp_api.http import PREFIX
from tests.notebooks import write_notebook
from tests.scenarios.protection import random_traffic
from tests.served import (
    Served,
    environment,
    jupyter_server,
    standalone,
    standalone_command,
    standalone_variables,
)
from tests.thorough import amount, fast_only
from tests.typed import rows_of

SEED = 20260728
SECONDS = 120
SPREAD = 24
"""Connections, threads and descriptors that come and go by themselves, and are no leak."""

WAITING_SECONDS = 0.1
"""After which a server that says nothing is taken to wait for more."""

JSON = "application/json"
EITHER = f"{JSON}, text/event-stream"
PLAIN = {b"Content-Type": JSON.encode(), b"Accept": EITHER.encode()}


@pytest.fixture(scope="module")
def jupyter_with_jmcp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    base = tmp_path_factory.mktemp("fuzzed")
    write_notebook(base / "root" / "a.ipynb", "1")
    unlimited = ("--JmcpExtension.owner_calls_per_second=0", "--JmcpExtension.max_request_mib=1")
    with jupyter_server(
        base / "home", base / "root", *unlimited, collaboration=False, extensions=("jmcp",)
    ) as server:
        yield server


@pytest.fixture(scope="module")
def alone(jupyter_with_jmcp: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """On the same Jupyter Server, which costs nothing more to start."""
    home = tmp_path_factory.mktemp("alone")
    options = ("--owner-calls-per-second", "0", "--max-request-mib", "1")
    with standalone(home, jupyter_with_jmcp, *options) as server:
        yield server


@pytest.fixture(params=fast_only(["extension", "standalone"], "extension"))
def target(request: pytest.FixtureRequest) -> Iterator[Served]:
    """A server that is after the test as it was before."""
    name = "jupyter_with_jmcp" if request.param == "extension" else "alone"
    server: Served = request.getfixturevalue(name)
    before = state(server)
    yield server
    after = state(server)
    assert after["tools"] == before["tools"]
    assert after["kernels"] == before["kernels"]
    assert after["files"] == before["files"]
    assert after["sessions"] == before["sessions"]
    for name in ("threads", "descriptors"):
        assert after[name] <= before[name] + SPREAD, (name, before[name], after[name])
    assert server.process.poll() is None


def state(server: Served) -> dict[str, Any]:
    """What a correct client sees of the server, and what it costs."""
    with httpx.Client(headers=server.headers, timeout=SECONDS) as client:
        kernels = client.get(f"{server.url}jmcp/v1/kernels").json()["kernels"]
        health = client.get(f"{server.url}mcp/healthz").json()
        assert health["status"] == "healthy"
        files = client.get(f"{server.url}jmcp/v1/files").json()
        answers = {
            "sessions": health["sessions"],
            "tools": client.get(f"{server.url}mcp/tools/list").json(),
            "kernels": kernels,
            "files": [row["path"] for row in rows_of(files["files"])],
        }
    process = f"/proc/{server.process.pid}"
    threads, descriptors = (len(os.listdir(f"{process}/{what}")) for what in ("task", "fd"))
    return answers | {"threads": threads, "descriptors": descriptors}


PAGES = ("/jmcp/openapi.json", "/jmcp/docs")
"""Their examples show what code that fails puts out, tracebacks included."""


def refused(answer: httpx.Response, sent: object) -> None:
    """An answer that says what was wrong, and nothing about the server's insides."""
    assert answer.status_code < 500, (answer.status_code, answer.text[:500], sent)
    if not (answer.is_success and answer.request.url.path.endswith(PAGES)):
        sound(answer.content, sent)


def sound(content: bytes, sent: object) -> None:
    for trace in (b"Traceback", b'File "', b"site-packages"):
        assert trace not in content, (content[:2000], sent)


def endpoints() -> list[tuple[str, str]]:
    """Every method and path, with identifiers filled in."""
    found: list[tuple[str, str]] = [
        (route.method, route.path.replace("{", "").replace("}", "")) for route in API.routes
    ]
    others = ("/mcp", "/mcp/tools/call", "/mcp/healthz", "/mcp/tools/list", "/jmcp/metrics")
    found += [("DELETE", "/mcp"), *(("POST", path) for path in others + PAGES)]
    return found + [("GET", path) for path in (*others[1:], *PAGES)]


def test_bodies_on_every_endpoint(target: Served) -> None:
    kind = random.Random(SEED)
    texts = random_traffic.texts(kind)
    with httpx.Client(headers=target.headers, timeout=SECONDS) as client:
        for method, path in endpoints():
            for body in islice(texts, amount(fast=2, all=6)):
                # Most of it as what it should be, so that it gets as far as it can.
                kinds = JSON if kind.random() < 0.7 else kind.choice(random_traffic.TYPES)
                given = random_traffic.headers(kind) | {b"Content-Type": kinds.encode("latin-1")}
                sent = (method, path, body[:200], given)
                url = f"{target.url.rstrip('/')}{path}"
                answer = client.request(method, url, content=body, headers=given)
                refused(answer, sent)


def test_arguments_of_every_tool(target: Served) -> None:
    kind = random.Random(SEED)
    with httpx.Client(headers=target.headers, timeout=SECONDS) as client:
        for tool, arguments in islice(random_traffic.calls(kind), amount(fast=50, all=150)):
            body = random_traffic.as_json({"tool_name": tool, "arguments": arguments})
            url = f"{target.mcp_url}/tools/call"
            answer = client.post(url, content=body, headers={"Content-Type": JSON})
            refused(answer, body[:500])


def test_queries_of_every_get(target: Served) -> None:
    kind = random.Random(SEED)
    gets = [path for method, path in endpoints() if method == "GET" and path.startswith(PREFIX)]
    with httpx.Client(headers=target.headers, timeout=SECONDS) as client:
        for path in gets:
            for _ in range(amount(fast=4, all=10)):
                name = kind.choice(("path", "limit", "scope", "start_index", "notebook_path", "x"))
                value = kind.choice(
                    ("%00", "%ff", "-1", "1e9", "NaN", "9" * 400, "%u2216", "&&=", "")
                )
                query = f"{name}={value}&{name}={kind.randrange(10)}"
                url = f"{target.url.rstrip('/')}{path}?{query}"
                refused(client.get(url), url)


def test_messages_of_both_eras(target: Served) -> None:
    kind = random.Random(SEED)
    with httpx.Client(headers=target.headers, timeout=SECONDS) as client:
        for message in islice(random_traffic.messages(kind), amount(fast=60, all=200)):
            body = random_traffic.as_json(message)
            if kind.random() < 0.2:
                body = random_traffic.mutated(kind, body)
            given = PLAIN | random_traffic.headers(kind)
            # A stream that somebody subscribed to goes on; its headers are what is looked at.
            with client.stream("POST", target.mcp_url, content=body, headers=given) as answer:
                stream = answer.headers.get("content-type", "").startswith("text/event-stream")
                if not stream:
                    answer.read()
                    refused(answer, body[:500])
            if session := answer.headers.get("mcp-session-id"):
                ended = {"Mcp-Session-Id": session}
                assert client.delete(target.mcp_url, headers=ended).status_code < 500


def test_requests_as_bytes(target: Served) -> None:
    kind = random.Random(SEED)
    host, answered = urlsplit(target.url).netloc, 0
    count = amount(fast=60, all=160)
    for data in islice(random_traffic.requests(kind, host, target.token), count):
        answer = exchanged(target, data)
        first = answer.partition(b"\r\n")[0]
        assert b" 500 " not in first, (first, data[:500])
        sound(answer, data[:500])
        assert b"X-Injected" not in answer
        answered += bool(answer)
    assert answered > count * 0.6


def test_uploads_that_end_in_the_middle(target: Served) -> None:
    host = urlsplit(target.url).netloc
    about = f"Host: {host}\r\nAuthorization: Bearer {target.token}\r\nContent-Type: {JSON}\r\n"
    about += f"Accept: {EITHER}\r\n"
    for path in ("/mcp", "/mcp/tools/call", f"{PREFIX}/sessions", f"{PREFIX}/sessions/x/code"):
        for sized in ("Content-Length: 5000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n1f4\r\n"):
            for abruptly in (False, True):
                data = f"POST {path} HTTP/1.1\r\n{about}{sized}".encode() + b'{"tool_name": '
                with connected(target) as connection:
                    connection.sendall(data)
                    if abruptly:  # a reset, not an end
                        linger = struct.pack("ii", 1, 0)
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


@settings(
    max_examples=amount(fast=15, all=60),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["tool_name", "arguments", "jsonrpc", "id", "method", "params", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    path=st.sampled_from(["mcp", "mcp/tools/call", "jmcp/v1/sessions", "jmcp/v1/sessions/x/cells"]),
)
def test_any_json_is_answered(target: Served, body: Any, path: str) -> None:
    host = urlsplit(target.url).netloc
    content = json.dumps(body).encode()
    about = f"Host: {host}\r\nAuthorization: Bearer {target.token}\r\nConnection: close\r\n"
    about += f"Content-Type: {JSON}\r\nAccept: {EITHER}\r\nContent-Length: {len(content)}\r\n"
    answer = whole(target, f"POST /{path} HTTP/1.1\r\n{about}\r\n".encode() + content)
    assert answer.startswith(b"HTTP/1.1 "), body
    assert int(answer[9:12]) < 500, (answer[:500], body)
    sound(answer, body)


def test_lines_on_stdin(jupyter_with_jmcp: Served, tmp_path: Path) -> None:
    kind = random.Random(SEED)
    tmp_path.joinpath("home").mkdir()
    process = subprocess.Popen(
        standalone_command("--transport", "stdio", "--max-request-mib", "1"),
        env=environment(tmp_path / "home") | standalone_variables(jupyter_with_jmcp),
        cwd=jupyter_with_jmcp.root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    lines = [
        random_traffic.as_json(message)
        for message in islice(random_traffic.messages(kind), amount(fast=40, all=100))
    ]
    lines += [random_traffic.mutated(kind, line) for line in lines[:50]]
    lines += list(islice(random_traffic.texts(kind), 60))
    lines += [b"x" * 2**21, b'{"jsonrpc": "2.0", "id": 8, "method": "ping"' + b" " * 2**21 + b"}"]
    kind.shuffle(lines)
    lines.append(random_traffic.as_json({"jsonrpc": "2.0", "id": "the last one", "method": "ping"}))
    # A line is what ends with a line end, whatever else is in it.
    data = b"".join(line.replace(b"\n", b" ") + b"\n" for line in lines)
    writing = threading.Thread(target=process.stdin.write, args=(data,), daemon=True)
    writing.start()
    bound = threading.Timer(SECONDS, process.kill)
    bound.start()
    answers = []
    try:
        for line in process.stdout:
            answers.append(json.loads(line))
            if answers[-1].get("id") == "the last one":
                break
        writing.join(SECONDS)
        process.communicate(timeout=SECONDS)
    finally:
        bound.cancel()
        if process.poll() is None:
            process.kill()
            process.wait()
    assert process.returncode == 0
    assert "result" in answers[-1]
    assert all(answer["jsonrpc"] == "2.0" for answer in answers)
    # Answered as it came, at the latest when the last one was.
    assert any(answer.get("id") == 8 and "error" in answer for answer in answers)
    for answer in answers:
        assert answer.get("error", {}).get("code") != -32603, answer
        sound(json.dumps(answer).encode(), None)


def connected(server: Served) -> socket.socket:
    parts = urlsplit(server.url)
    assert parts.hostname is not None
    return socket.create_connection((parts.hostname, parts.port or 80), timeout=SECONDS)


def whole(server: Served, data: bytes) -> bytes:
    """Send a request that is complete and the last one, and read its answer."""
    received = bytearray()
    with connected(server) as connection:
        connection.sendall(data)
        while chunk := connection.recv(2**16):
            received += chunk
    return bytes(received)


def exchanged(server: Served, data: bytes) -> bytes:
    """Send bytes and read what there is to read.

    A server that waits for the rest of a request is told that there is none.
    """
    received = bytearray()
    with connected(server) as connection, suppress(ConnectionError):  # it left: an answer, too
        connection.sendall(data)
        connection.settimeout(WAITING_SECONDS)
        while True:
            try:
                chunk = connection.recv(2**16)
            except TimeoutError:
                connection.settimeout(SECONDS)
                connection.shutdown(socket.SHUT_WR)
                continue
            if not chunk:
                break
            received += chunk
    return bytes(received)
