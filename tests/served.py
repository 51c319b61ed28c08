"""`jmcp serve` as a user starts it, in a process of its own, for tests that look from outside."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

READY_SECONDS = 180
STOP_SECONDS = 60
OTHERS_STOP_SECONDS = 5
TOKEN = "contract-test-token"
JUPYTER_TOKEN = "jupyter-test-token"
"""Another one, so that a test notices when one is sent for the other."""
JUPYTER = """\
import runpy, sys
from jmcp.hosting import iri_syntax
iri_syntax.built_at_first_use()
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""
"""`python -m`, a second of CPU sooner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running server. `url` is the root, with a trailing slash; `root` the served folder.

    `jupyter` is the Jupyter Server that a standalone jmcp works on; without it, it is this one.
    """

    url: str
    token: str
    root: Path
    process: subprocess.Popen[str]
    jupyter: Served | None = None

    @property
    def mcp_url(self) -> str:
        return f"{self.url}mcp"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def environment(home: Path) -> dict[str, str]:
    """The process's environment with a home of its own, so that nothing on the machine configures it.

    No kernel of it finds packages to install: what tests send at random may name one.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "JMCP", "XDG", "IPYTHON"))
    }
    own = {"HOME": str(home), "JMCP_STRICT": "1", "JMCP_TOOLSET": "all", "PIP_NO_INDEX": "1"}
    # A browser that opens nothing.
    own["BROWSER"] = "true"
    return {name: value for name, value in kept.items() if name != "PIP_FIND_LINKS"} | own


@contextmanager
def serve(
    home: Path,
    root: Path,
    *options: str,
    jmcp: Sequence[str] = (sys.executable, "-m", "jmcp"),
    variables: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """Start `jmcp serve` on a free port; stop it with the signal that a terminal's Ctrl-C sends.

    `jmcp` is the command of another installation than this one.
    """
    command = [*jmcp, "serve", "--root-dir", str(root), "--port", "0"]
    command += ["--token", TOKEN, "--no-browser", *options]
    ready = r"(http://\S+/)mcp\b"
    with _running(command, home, root, ready, variables=variables) as served:
        yield served


def configure(home: Path, config: dict[str, dict[str, Any]]) -> None:
    """Write Jupyter's own configuration for the servers of that home."""
    (home / ".jupyter").mkdir(parents=True, exist_ok=True)
    (home / ".jupyter" / "jupyter_server_config.json").write_text(json.dumps(config))


def without(home: Path, *labextensions: str) -> None:
    """Disable labextensions for the pages of the servers of that home."""
    config = home / ".jupyter/labconfig/page_config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"disabledExtensions": dict.fromkeys(labextensions, True)}))


@contextmanager
def lab(home: Path, root: Path, *options: str) -> Iterator[Served]:
    """Start a plain `jupyter lab`, where the extension enables itself, on a free port."""
    command = [sys.executable, "-c", JUPYTER, "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.root_dir={root}", f"--ServerApp.port={free_port()}"]
    command += [f"--IdentityProvider.token={TOKEN}", "--JmcpExtension.toolsets=all", *options]
    with _running(command, home, root, r"(http://127\.\S+/)lab\?token=") as served:
        yield served


@contextmanager
def jupyter_server(
    home: Path,
    root: Path,
    *options: str,
    collaboration: bool = True,
    base_url: str = "/",
    token: str = JUPYTER_TOKEN,
    extensions: tuple[str, ...] = (),
    port: int | None = None,
) -> Iterator[Served]:
    """Start a Jupyter Server without jmcp, with nothing but what is named, on a free port."""
    wanted = ["jupyter_server_fileid", *extensions]
    wanted += ["jupyter_server_ydoc"] if collaboration else []
    command = [sys.executable, "-c", JUPYTER, "jupyter_server", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.jpserver_extensions={name}=True" for name in wanted]
    command += [f"--ServerApp.root_dir={root}", f"--ServerApp.base_url={base_url}"]
    command += [f"--ServerApp.port={free_port() if port is None else port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    command += [f"--SQLiteYStore.db_path={home / 'ystore.db'}"]
    command += [f"--YDocExtension.session_store_path={home / 'collaboration.json'}", *options]
    ready = r"(http://127\.\S+/)\?token="
    # Else every extension that is installed would be enabled by its own file.
    alone = {"JUPYTER_NO_CONFIG": "1"}
    # While a save is due, a Jupyter Server with collaboration may wait for its own thread for ever.
    with _running(command, home, root, ready, token=token, variables=alone, stops=False) as served:
        yield served


def standalone_command(*options: str) -> list[str]:
    """`jmcp serve` on a remote Jupyter, which `standalone_variables` name."""
    return [sys.executable, "-m", "jmcp", "serve", *options]


def standalone_variables(jupyter: Served, kernels: Served | None = None) -> dict[str, str]:
    """The variables that name a Jupyter Server, or one for documents and one for kernels."""
    if kernels is None:
        return {"JMCP_JUPYTER_URL": jupyter.url, "JMCP_JUPYTER_TOKEN": jupyter.token}
    return {
        "JMCP_DOCUMENT_URL": jupyter.url,
        "JMCP_DOCUMENT_TOKEN": jupyter.token,
        "JMCP_KERNEL_URL": kernels.url,
        "JMCP_KERNEL_TOKEN": kernels.token,
    }


@contextmanager
def standalone(
    home: Path,
    jupyter: Served,
    *options: str,
    kernels: Served | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """Start jmcp over HTTP, outside of the Jupyter Server that it works on, on a free port."""
    variables = (
        standalone_variables(jupyter, kernels) | {"JMCP_TOKEN": TOKEN} | dict(variables or {})
    )
    command = standalone_command("--port", "0", *options)
    ready = r"MCP\s+(http://\S+/)mcp\b"
    with _running(command, home, jupyter.root, ready, variables=variables) as served:
        yield replace(served, jupyter=jupyter)


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def _running(
    command: list[str],
    home: Path,
    root: Path,
    ready: str,
    *,
    token: str = TOKEN,
    variables: Mapping[str, str] | None = None,
    stops: bool = True,
) -> Iterator[Served]:
    """Run a server. With `stops` it has to end when it is asked to, and is a failure if not."""
    home.mkdir(parents=True, exist_ok=True)
    root.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        command,
        env=environment(home) | dict(variables or {}),
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        url = _printed_url(process, ready)
        _await_port(url)
        yield Served(url=url, token=token, root=root, process=process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS if stops else OTHERS_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            if stops:
                raise
        finally:
            if process.stdout:
                process.stdout.close()


def _await_port(url: str) -> None:
    """Jupyter Server prints its URL a moment before it listens there."""
    parts = urlsplit(url)
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            socket.create_connection((parts.hostname, parts.port), timeout=READY_SECONDS).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _printed_url(process: subprocess.Popen[str], ready: str) -> str:
    """The root URL, from the line that the server prints when it is ready."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    assert process.stdout is not None
    stdout = process.stdout

    def drain() -> None:
        try:
            for line in stdout:
                lines.put(line)
        except ValueError:  # closed when the server is stopped
            pass
        lines.put("")

    threading.Thread(target=drain, daemon=True).start()
    seen = []
    while line := lines.get(timeout=READY_SECONDS):
        seen.append(line)
        if found := re.search(ready, line):
            return found[1]
    raise AssertionError("the server ended before it was ready:\n" + "".join(seen))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests that clean up after themselves."""
    base = tmp_path_factory.mktemp("served")
    with serve(base / "home", base / "root") as server:
        yield server
