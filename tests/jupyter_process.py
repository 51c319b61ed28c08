"""Real Jupyter servers inside the test's event loop, cut off from the machine's own Jupyter."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, Protocol

import pytest
from jupyter_server.serverapp import ServerApp
from pycrdt.store import sqlite as untyped_ystore
from pycrdt.websocket import yroom as untyped_yroom
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from traitlets.config import Config

yroom: Any = untyped_yroom
ystore: Any = untyped_ystore

COLLABORATION = ("jupyter_server_fileid", "jupyter_server_ydoc")
TOKEN = "test-token"


class _InProcess(ServerApp):
    """A server that leaves the process's signals to pytest."""

    stopped = False

    def init_signal(self) -> None:
        pass


class StartJupyter(Protocol):
    """Start a Jupyter Server on a free port of the loopback interface.

    `collaboration` False leaves out jupyter_server_ydoc (never jupyter_server_fileid, unless
    `file_ids` is False). `extensions` are further server extensions. `root` is the served
    directory, a new one by default (`Path(serverapp.root_dir)`). `config` is Jupyter
    configuration by class: `YDocExtension={"document_cleanup_delay": 0.2}`.
    """

    async def __call__(
        self,
        *,
        collaboration: bool = True,
        file_ids: bool = True,
        extensions: Iterable[str] = (),
        root: Path | None = None,
        **config: dict[str, Any],
    ) -> ServerApp: ...


@pytest.fixture
def jupyter_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Jupyter's own directories, empty and below the test's; no file on the machine configures it."""
    home = tmp_path / "jupyter_home"
    for name in ("DATA", "RUNTIME"):
        directory = home / name.lower()
        directory.mkdir(parents=True)
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(directory))
    # Also keeps out the configuration files of the environment and of the system, which
    # JUPYTER_CONFIG_DIR alone would not.
    monkeypatch.setenv("JUPYTER_NO_CONFIG", "1")
    monkeypatch.setenv("IPYTHONDIR", str(home / "ipython"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    for name in ("JUPYTER_TOKEN", "JUPYTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
async def jupyter(
    jupyter_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[StartJupyter]:
    """A `StartJupyter`; the servers that it started stop with the test."""
    running: list[ServerApp] = []
    # The extension makes its server's logger the parent, which the next test's log would go to.
    monkeypatch.setattr(logging.getLogger("jmcp"), "parent", logging.root)
    streams = _streams_of_rooms(monkeypatch)
    connections = _connections_of_stores(monkeypatch)

    async def start(
        *,
        collaboration: bool = True,
        file_ids: bool = True,
        extensions: Iterable[str] = (),
        root: Path | None = None,
        **config: dict[str, Any],
    ) -> ServerApp:
        home = jupyter_home / f"server{len(running)}"
        home.mkdir()
        root = root or tmp_path / f"root{len(running)}"
        root.mkdir(exist_ok=True)
        wanted = {
            "jupyter_server_fileid": file_ids,
            "jupyter_server_ydoc": collaboration,
            **dict.fromkeys(extensions, True),
        }
        settings = Config(
            {
                "BaseFileIdManager": {"db_path": str(home / "file_ids.db")},
                "SQLiteYStore": {"db_path": str(home / "ystore.db")},
                "YDocExtension": {"session_store_path": str(home / "collaboration.json")},
                "NotebookNotary": {"db_file": ":memory:"},
                "IdentityProvider": {"token": TOKEN},
                "JmcpExtension": {"toolsets": ["all"]},
            }
        )
        settings.merge(Config(config))
        sockets = bind_sockets(0, "127.0.0.1")
        app = _InProcess(
            config=settings,
            ip="127.0.0.1",
            port=sockets[0].getsockname()[1],
            port_retries=0,
            root_dir=str(root),
            open_browser=False,
            allow_root=True,
            log_level="ERROR",
            jpserver_extensions={name: on for name, on in wanted.items() if on},
        )
        try:
            app.initialize(argv=[], find_extensions=False, new_httpserver=False)
        except BaseException:
            for bound in sockets:
                bound.close()
            raise
        app._http_server = HTTPServer(app.web_app, max_buffer_size=app.max_buffer_size)
        app.http_server.add_sockets(sockets)
        running.append(app)
        await app._post_start()  # type: ignore[no-untyped-call] # annotated nowhere in jupyter_server
        return app

    yield start
    for app in reversed(running):
        await stop(app)
    for stream in streams:
        stream.close()
    for connection in connections:
        connection._real_connection.close()


async def stop(app: ServerApp) -> None:
    """Stop a server and everything that it left running in this loop; twice is once."""
    if not isinstance(app, _InProcess) or app.stopped:
        return
    app.stopped = True
    await app.http_server.close_all_connections()
    await app._cleanup()
    # Its owner does that when it is collected, which may be after it was itself.
    app.kernel_manager.context.destroy()
    mine = asyncio.current_task()
    left = [task for task in asyncio.all_tasks() if task is not mine and _is_of_jupyter(task)]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    _close_databases(app)
    app.clear_instance()


def _close_databases(app: ServerApp) -> None:
    """Jupyter leaves these open, of which Python warns from 3.13 on."""
    app.session_manager.close()
    if app.session_manager._connection is not None:
        app.session_manager._connection.close()
    app.contents_manager.notary.store.close()
    file_ids = app.web_app.settings.get("file_id_manager")
    if file_ids is not None:
        file_ids.con.close()


def _connections_of_stores(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The connections that stores of rooms make from now on: where a tab opens a room before jmcp does,
    its store leaves one open."""
    connections: list[Any] = []
    genuine = ystore.connect

    async def connect(*args: Any, **options: Any) -> Any:
        made = await genuine(*args, **options)
        connections.append(made)
        return made

    monkeypatch.setattr(ystore, "connect", connect)
    return connections


def _streams_of_rooms(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The streams that rooms make from now on. They leave them open, and warnings are errors here."""
    streams: list[Any] = []
    genuine = yroom.create_memory_object_stream

    def create(*args: Any, **options: Any) -> Any:
        made: Any = genuine(*args, **options)
        streams.extend(made)
        return made

    monkeypatch.setattr(yroom, "create_memory_object_stream", create)
    return streams


def _is_of_jupyter(task: asyncio.Task[Any]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and any(
        name in code.co_filename for name in ("jupyter_server", "pycrdt", "sqlite_anyio", "anyio")
    )
