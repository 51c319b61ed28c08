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

from benchmarks.wire import Wire
from tests.served import environment as cleaned
from tests.served import free_port

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
    port = free_port()
    command = [
        *(str(environment()), "start", "--transport", "streamable-http"),
        *("--port", str(port), "--jupyter-url", jupyter_url.rstrip("/")),
        *("--document-token", token, "--code-sandbox-token", token),
        *("--mcp-token", TOKEN),
    ]
    with _running(command, port):
        yield f"http://127.0.0.1:{port}/mcp"


@contextmanager
def inside(base: Path) -> Iterator[tuple[str, str, Path]]:
    """The peer in a JupyterLab of its environment: its MCP URL, its token and the served folder."""
    home, root = base / "home", base / "root"
    home.mkdir(parents=True)
    root.mkdir()
    port = free_port()
    command = [
        *(str(environment().with_name("python")), "-m", "jupyterlab", "--no-browser"),
        *("--allow-root", f"--ServerApp.root_dir={root}", f"--ServerApp.port={port}"),
        f"--IdentityProvider.token={TOKEN}",
        # Else each listing of its tools waits five seconds for a browser.
        "--JupyterMCPServerExtensionApp.jupyterlab=False",
    ]
    url = f"http://127.0.0.1:{port}/mcp"
    with _running(command, port, cleaned(home)):
        _await_tools(url)
        yield url, TOKEN, root


@contextmanager
def _running(
    command: list[str], port: int, variables: dict[str, str] | None = None
) -> Iterator[None]:
    process = subprocess.Popen(
        command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await_port(port, process)
        yield
    finally:
        process.terminate()
        try:
            process.wait(READY_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_tools(url: str) -> None:
    """Its extension answers a while after the port does."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with Wire(url, TOKEN) as wire:
                wire.request("tools/list")
        except (OSError, RuntimeError, ValueError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


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
