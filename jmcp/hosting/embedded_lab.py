"""`jmcp serve`: JupyterLab, its collaboration and jmcp in this one process."""

from __future__ import annotations

import asyncio
import faulthandler
import hashlib
import logging
import os
import signal
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from jmcp.core.errors import ServeError
from jmcp.hosting.client_config import Endpoint, endpoint
from jmcp.hosting.listener import bound
from jmcp.options.serve_options import ServeOptions
from jmcp.state import folder
from jmcp.transport.middleware.loopback import is_loopback

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

STOP_SECONDS = 40
SETTLE_SECONDS = 5
LAB = ("jupyterlab", "jupyter_server_ydoc", "ipykernel")


def check_installed() -> None:
    """Raises ServeError without what `jmcp[lab]` adds."""
    if missing := [name for name in LAB if find_spec(name) is None]:
        raise ServeError(
            f"jmcp serve needs {', '.join(missing)}, not installed: pip install 'jmcp[lab]'"
        )


def arguments(options: ServeOptions) -> list[str]:
    """Jupyter's command line. A list of this process: no other one can read the token there."""
    given = [
        f"--ServerApp.root_dir={options.root_dir}",
        f"--ServerApp.ip={options.host}",
        f"--ServerApp.port={options.port or free_port(options.host)}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.open_browser={options.browser}",
        f"--Application.log_level={log_level(options)}",
        f"--IdentityProvider.token={options.token}",
        *(f"--JmcpExtension.toolsets={name}" for name in options.toolsets),
        *collaboration_state(options.root_dir),
    ]
    if is_root():
        given.append("--ServerApp.allow_root=True")
    return given


def free_port(host: str) -> int:
    """Before 2.20, jupyter_server never learns which port it got for 0."""
    with bound(host, 0) as free:
        return int(free.getsockname()[1])


def log_level(options: ServeOptions) -> int:
    return logging.INFO if options.verbose else logging.WARNING


def collaboration_state(root_dir: Path) -> list[str]:
    """Where collaboration keeps its history: out of the notebooks' folder, one for each."""
    from jupyter_core.paths import jupyter_data_dir

    name = hashlib.sha256(str(root_dir).encode()).hexdigest()[:16]
    folder = Path(jupyter_data_dir()) / "jmcp" / name
    folder.mkdir(parents=True, exist_ok=True)
    return [
        f"--SQLiteYStore.db_path={folder / 'ystore.db'}",
        f"--YDocExtension.session_store_path={folder / 'sessions.json'}",
    ]


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def is_news(record: logging.LogRecord) -> bool:
    """False for what nobody can act on.

    Jupyter warns whenever a notebook with code is opened that it did not run itself, and
    jupyter_server_ydoc leaves an error behind when it stops without ever having had a room.
    """
    if str(record.msg).endswith("is not trusted"):
        return False
    return "WebsocketServer not running" not in str(record.exc_info)


def serve(options: ServeOptions) -> None:
    """Serve until a signal ends it. Raises ServeError when it cannot start."""
    check(options)
    server = initialized(options)
    # Jupyter binds its port in the loop; this comes after that, so what is printed is true.
    server.io_loop.add_callback(print_banner, endpoint_of(server, options), options)
    server.start()
    server.io_loop.run_sync(settle)


def check(options: ServeOptions) -> None:
    """Raises ServeError when it cannot start."""
    check_installed()
    folder.check(options.settings.store)
    # Jupyter itself would say in six lines that a port is taken.
    bound(options.host, options.port).close()


def initialized(options: ServeOptions, *, takes_signals: bool = True) -> ServerApp:
    """The server, made and not started. It stops at a signal, unless somebody else takes those."""
    # Here and not above: these take a second, and a taken port should not.
    from jupyter_server.serverapp import ServerApp
    from traitlets.config import Config

    from jmcp.options import traits

    class Server(ServerApp):
        """Stops at the first SIGINT or SIGTERM, without a question and without a word."""

        def init_signal(self) -> None:
            if not takes_signals:
                return
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self.end)

        def start_ioloop(self) -> None:
            # As Jupyter does, but below one task. The threads that read files look for that; where
            # a loop has none, they go through all tasks for each call, and none is used again.
            self.io_loop.add_callback(self._post_start)
            loop = asyncio.get_event_loop()
            root = loop.create_task(asyncio.Event().wait(), name="jmcp-root")
            with suppress(RuntimeError):  # stopping it is how it ends
                loop.run_until_complete(root)

        def end(self, number: int, _: object) -> None:
            # A second one ends the process on the spot, whatever the first one waits for.
            signal.signal(number, signal.SIG_DFL)
            # Stopping waits for kernels and extensions of others; this is how long, and then it
            # says what it waited for.
            faulthandler.dump_traceback_later(STOP_SECONDS, exit=True)
            self.stop(from_signal=True)

    logging.getLogger("asyncio").addFilter(is_news)
    extensions = dict.fromkeys(("jupyterlab", "jupyter_server_fileid", "jupyter_server_ydoc"), True)
    config = Config(JmcpExtension=traits.config(options.given))
    if options.settings.log_format == "json":
        # Like this also what Jupyter says before there is a jmcp.
        console = {"class": "jmcp.hosting.logs.JsonLines"}
        config.ServerApp.logging_config = {"formatters": {"console": console}}
    server = Server.instance(jpserver_extensions={**extensions, "jmcp": True}, config=config)
    server.log.addFilter(is_news)
    server.initialize(argv=arguments(options), starter_extension="lab")
    # Jupyter's own level is its handlers': without this it makes records of each request and each
    # edit that nobody will see, which costs a twentieth of a call.
    apps = [app for apps in server.extension_manager.extension_apps.values() for app in apps]
    for app in (server, *apps):
        app.log.setLevel(log_level(options))
    return server


def endpoint_of(server: ServerApp, options: ServeOptions) -> Endpoint:
    return endpoint(options.host, server.port, server.base_url, options.token)


async def settle() -> None:
    """End what Jupyter leaves running when it stops its loop, as asyncio.run would.

    A task that is left keeps its worker thread, and that thread keeps the process: with a save
    under way in the last moment, one stop in twenty never ended.
    """
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            await asyncio.gather(*left, return_exceptions=True)


def print_banner(where: Endpoint, options: ServeOptions) -> None:
    """What a person and their agent need, and nothing else."""
    if is_root():
        warn("running as root: notebooks can do anything to this machine")
    if not is_loopback(options.host):
        warn(f"{options.host or 'every address'} is reachable from elsewhere, unencrypted")
    say(f"JupyterLab  {where.lab_url}")
    say(f"MCP         {where.mcp_url}")
    say(f"Notebooks   {options.root_dir}")
    say("\nFor your MCP client:\n")
    say(where.client_config)
    say("\nStop with Ctrl-C.")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def warn(line: str) -> None:
    sys.stderr.write(f"jmcp: warning: {line}\n")
    sys.stderr.flush()
