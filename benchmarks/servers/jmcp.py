"""jmcp as a user starts it, and the Jupyter servers around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.servers.process import PYTHON, TOKEN, Server, free_port, running

JUPYTER_TOKEN = "benchmark-jupyter-token"
NO_RATE_LIMIT = "--ZMQChannelsWebsocketConnection.limit_rate=False"
"""An option of Jupyter Server: without it, its websocket drops output above 1 MB/s."""


@contextmanager
def in_jupyter(base: Path, *options: str, python: Sequence[str] = PYTHON) -> Iterator[Server]:
    """`jmcp serve`: jmcp in its own JupyterLab, with collaboration and all defaults.

    `python` starts a module by its name, which follows.
    """
    command = [*python, "jmcp", "serve", "--root-dir", str(base / "root"), "--port", "0"]
    command += ["--token", TOKEN, "--no-browser", *options]
    with running(
        command, home=base / "home", root=base / "root", ready=r"(http://\S+/)mcp\b"
    ) as server:
        yield server


@contextmanager
def jupyter_server(base: Path, *options: str) -> Iterator[Server]:
    """A Jupyter Server with collaboration and without jmcp."""
    wanted = ("jupyter_server_fileid", "jupyter_server_ydoc")
    home = base / "home"
    command = [*PYTHON, "jupyter_server", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.jpserver_extensions={name}=True" for name in wanted]
    command += [
        f"--ServerApp.root_dir={base / 'root'}",
        f"--ServerApp.port={free_port()}",
        "--ServerApp.port_retries=0",
    ]
    command += [f"--IdentityProvider.token={JUPYTER_TOKEN}"]
    command += [f"--SQLiteYStore.db_path={home / 'ystore.db'}"]
    command += [f"--YDocExtension.session_store_path={home / 'collaboration.json'}", *options]
    with running(
        command,
        home=home,
        root=base / "root",
        ready=r"(http://127\.\S+/)\?token=",
        token=JUPYTER_TOKEN,
        # Otherwise every extension that is installed is enabled by its own file.
        variables={"JUPYTER_NO_CONFIG": "1"},
    ) as server:
        yield server


def standalone_variables(jupyter: Server) -> dict[str, str]:
    """The variables that tell jmcp which Jupyter Server to work on."""
    return {"JMCP_JUPYTER_URL": jupyter.url, "JMCP_JUPYTER_TOKEN": jupyter.token}


@contextmanager
def standalone(
    base: Path, jupyter: Server, *options: str, python: Sequence[str] = PYTHON
) -> Iterator[Server]:
    """`jmcp serve` on that Jupyter Server, in a process of its own, with all defaults."""
    command = [*python, "jmcp", "serve", "--port", "0", *options]
    with running(
        command,
        home=base / "jmcp-home",
        root=jupyter.root,
        ready=r"MCP\s+(http://\S+/)mcp\b",
        variables=standalone_variables(jupyter) | {"JMCP_TOKEN": TOKEN},
    ) as server:
        yield server
