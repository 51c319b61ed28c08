"""The peer, jupyter-mcp-server from PyPI, in an environment of its own: standalone and in Jupyter."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio.from_thread
import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from benchmarks.clients.mcp import ModernClient
from benchmarks.servers.process import (
    READY_SECONDS,
    TOKEN,
    Server,
    await_port,
    environment,
    free_port,
    stop,
)

VERSION = "2.2.4"
"""The one that figures are compared with; a newer one may be slower or faster."""

NAME = f"jupyter-mcp-server {VERSION}"
FOLDER = Path(".venv-peer")
CALL_SECONDS = 60


def installed() -> Path:
    """Its command, in an environment made at the first use; its dependencies are its business."""
    command = FOLDER / "bin" / "jupyter-mcp-server"
    if not command.exists():
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
        pip = [str(FOLDER / "bin" / "pip"), "install", "--quiet"]
        subprocess.run([*pip, f"jupyter-mcp-server=={VERSION}"], check=True)
    return command


@contextmanager
def standalone(jupyter: Server) -> Iterator[str]:
    """The peer outside of that Jupyter Server; yields its MCP URL."""
    port = free_port()
    command = [
        *(str(installed()), "start", "--transport", "streamable-http"),
        *("--port", str(port), "--jupyter-url", jupyter.url.rstrip("/")),
        *("--document-token", jupyter.token, "--code-sandbox-token", jupyter.token),
        *("--mcp-token", TOKEN),
    ]
    with _running(command, port, None):
        yield f"http://127.0.0.1:{port}/mcp"


@contextmanager
def in_jupyter(base: Path) -> Iterator[Server]:
    """The peer in a JupyterLab of its own environment."""
    home, root = base / "home", base / "root"
    home.mkdir(parents=True)
    root.mkdir()
    port = free_port()
    command = [
        *(str(installed().with_name("python")), "-m", "jupyterlab", "--no-browser"),
        *("--allow-root", f"--ServerApp.root_dir={root}", f"--ServerApp.port={port}"),
        f"--IdentityProvider.token={TOKEN}",
        # Otherwise each listing of its tools waits five seconds for a browser.
        "--JupyterMCPServerExtensionApp.jupyterlab=False",
    ]
    with _running(command, port, environment(home)) as pid:
        server = Server(url=f"http://127.0.0.1:{port}/", token=TOKEN, root=root, pid=pid)
        _await_tools(server)
        yield server


@contextmanager
def _running(
    command: Sequence[str], port: int, variables: Mapping[str, str] | None
) -> Iterator[int]:
    process = subprocess.Popen(
        command,
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        await_port(f"http://127.0.0.1:{port}/")
        yield process.pid
    finally:
        stop(process)


def _await_tools(server: Server) -> None:
    """Its extension answers a while after the port does."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with ModernClient(server.mcp_url, server.token) as client:
                client.request("tools/list")
        except (OSError, RuntimeError, ValueError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


class SdkClient:
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
