"""The peer: jupyter-mcp-server from PyPI, standalone, in an environment of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio.from_thread
import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

VERSION = "2.2.4"
"""The one whose figures peers are compared with; a newer one may be slower or faster."""

FOLDER = Path(".venv-peer")
READY_SECONDS = 60
CALL_SECONDS = 60
TOKEN = "peer-token"


def environment() -> Path:
    """The peer's own environment; its dependencies are its business."""
    if not (FOLDER / "bin" / "jupyter-mcp-server").exists():
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
        pip = [str(FOLDER / "bin" / "pip"), "install", "--quiet"]
        subprocess.run([*pip, f"jupyter-mcp-server=={VERSION}"], check=True)
    return FOLDER / "bin" / "jupyter-mcp-server"


@contextmanager
def standalone(jupyter_url: str, token: str) -> Iterator[str]:
    """The peer beside a Jupyter Server; yields its MCP URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            *(str(environment()), "start", "--transport", "streamable-http"),
            *("--port", str(port), "--jupyter-url", jupyter_url.rstrip("/")),
            *("--document-token", token, "--code-sandbox-token", token),
            *("--mcp-token", TOKEN),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_port(port, process)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        try:
            process.wait(READY_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the peer ended with status {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the peer did not listen")


class PeerClient:
    """The SDK's client on one kept connection, for a server that expects a whole client."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._portal = anyio.from_thread.start_blocking_portal()
        self._client: Client | None = None

    def __enter__(self) -> Self:
        self._calls = self._portal.__enter__()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        http = httpx2.AsyncClient(headers=headers, timeout=CALL_SECONDS)
        transport = streamable_http_client(self._url, http_client=http)
        self._context = self._calls.wrap_async_context_manager(Client(transport, mode="auto"))
        self._client = self._context.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._context.__exit__(kind, error, tb)
        self._portal.__exit__(kind, error, tb)

    def call(self, tool: str, **arguments: Any) -> str:
        """One tool call; its text. Raises RuntimeError for a tool error."""
        assert self._client is not None
        result = self._calls.call(self._client.call_tool, tool, arguments)
        text = "".join(getattr(block, "text", "") for block in result.content)
        if result.is_error:
            raise RuntimeError(text)
        return text
