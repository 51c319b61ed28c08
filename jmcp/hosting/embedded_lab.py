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
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from jmcp.core.errors import ServeError
from jmcp.core.loopback import is_loopback
from jmcp.core.sessions.expiry import SECONDS_PER_HOUR
from jmcp.hosting.client_config import LOGIN, LOGIN_OF_OTHERS, ServerAddress, server_address
from jmcp.hosting.garbage import collector_paused, keep_loaded
from jmcp.hosting.listener import bound
from jmcp.hosting.oauth import check_provider_now, oauth_settings, resource_server
from jmcp.installation import adding, own_command
from jmcp.options.serve_options import ServeOptions
from jmcp.state import folder
from jmcp.trace_export import check_traces

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

STOP_SECONDS = 40
"""After a signal, Jupyter, its kernels and its extensions have so long to stop."""
LEFTOVER_SECONDS = 5
"""Tasks that Jupyter leaves behind may take so long to end once they are cancelled."""
OTHERS_LOGIN = (
    "--oauth-issuer needs Jupyter's own login, and Jupyter's configuration on this machine has another one, "
    "or its own authorizer: run jmcp in a process of its own, with --jupyter-url"
)
LAB = ("jupyterlab", "jupyter_server_ydoc", "ipykernel")


def check_installed() -> None:
    """Raises ServeError where a package of `jmcp[lab]` is missing."""
    if missing := [name for name in LAB if find_spec(name) is None]:
        raise ServeError(f"jmcp serve needs {', '.join(missing)}, not installed: {adding('lab')}")


def arguments(options: ServeOptions) -> list[str]:
    """Jupyter's command line, as a list that other processes cannot read: it has the token."""
    given = [
        f"--ServerApp.root_dir={options.root_dir}",
        f"--ServerApp.ip={options.host}",
        f"--ServerApp.port={options.port or free_port(options.host)}",
        "--ServerApp.port_retries=0",
        # jmcp opens one itself: Jupyter would open it with the token in its URL.
        "--ServerApp.open_browser=False",
        f"--Application.log_level={log_level(options)}",
        f"--IdentityProvider.token={options.token}",
        *(f"--JmcpExtension.toolsets={name}" for name in options.toolsets),
        *collaboration_state(options.root_dir),
    ]
    if options.unused_hours is not None:
        seconds = max(1, round(options.unused_hours * SECONDS_PER_HOUR))
        given.append(f"--ServerApp.shutdown_no_activity_timeout={seconds}")
    if is_root():
        given.append("--ServerApp.allow_root=True")
    return given


def free_port(host: str) -> int:
    """A port that is free now: before 2.20, jupyter_server never learns which one it got for 0."""
    with bound(host, 0) as free:
        return int(free.getsockname()[1])


def log_level(options: ServeOptions) -> int:
    return logging.INFO if options.verbose else logging.WARNING


def collaboration_state(root_dir: Path) -> list[str]:
    """Arguments that put the history which collaboration keeps outside of the notebooks' folder."""
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


def is_actionable(record: logging.LogRecord) -> bool:
    """Whether somebody can act on a log record; a filter for those of Jupyter.

    Jupyter warns whenever a notebook with code is opened that it did not run itself, and
    jupyter_server_ydoc leaves an error behind when it stops without ever having had a room.
    """
    if str(record.msg).endswith("is not trusted"):
        return False
    return "WebsocketServer not running" not in str(record.exc_info)


def serve(options: ServeOptions) -> None:
    """Serve until a signal. Raises ServeError when it cannot start."""
    check(options)
    with collector_paused():
        server = initialized(options)
    # After Jupyter has bound its port, which it does in the loop.
    server.io_loop.add_callback(print_banner, address_of(server, options), options)
    if options.page is not None:
        from jmcp.hosting.opened_page import open_page_of

        server.io_loop.add_callback(open_page_of, server, options.page, address_of(server, options))
    server.start()
    server.io_loop.run_sync(cancel_leftover_tasks)


def check(options: ServeOptions) -> None:
    """Raises ServeError when it cannot start."""
    check_installed()
    folder.check_store(options.settings.store)
    if options.settings.traces:
        check_traces(os.environ)
    # Jupyter itself would report a taken port with six lines of log.
    bound(options.host, options.port).close()


def initialized(options: ServeOptions, *, takes_signals: bool = True) -> ServerApp:
    """The server, initialized and not started. With `takes_signals` it stops at SIGINT and SIGTERM."""
    # Imported here, because they take a second and a taken port is reported before.
    from jupyter_server.serverapp import ServerApp
    from traitlets.config import Config

    from jmcp.options import traits
    from jmcp.transport.jupyter_identity import takes_named_tokens

    class Server(ServerApp):
        """Stops at the first SIGINT or SIGTERM, without Jupyter's question and messages."""

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
            # A second signal ends the process at once.
            signal.signal(number, signal.SIG_DFL)
            # Past the deadline the process prints what it waits for and ends.
            faulthandler.dump_traceback_later(STOP_SECONDS, exit=True)
            self.stop(from_signal=True)

    logging.getLogger("asyncio").addFilter(is_actionable)
    extensions = dict.fromkeys(("jupyterlab", "jupyter_server_fileid", "jupyter_server_ydoc"), True)
    config = Config(JmcpExtension=traits.config(options.explicit))
    if options.settings.log_format == "json":
        # For what Jupyter logs before the extension is loaded, too.
        console = {"class": "jmcp.hosting.logs.JsonLines"}
        config.ServerApp.logging_config = {"formatters": {"console": console}}
    server = Server.instance(jpserver_extensions={**extensions, "jmcp": True}, config=config)
    server.log.addFilter(is_actionable)
    server.initialize(argv=arguments(options), starter_extension="lab")
    root = options.settings.external_url or address_of(server, options).url
    login = oauth_settings(options.oauth, options.host, root)
    if login is not None and not takes_named_tokens(server):
        raise ServeError(OTHERS_LOGIN)
    check_provider_now(login)
    for extension in server.extension_manager.extension_apps["jmcp"]:
        extension.hosted.on_started = keep_loaded
        extension.hosted.logins = partial(resource_server, login)
    # Jupyter sets its level on handlers only. Without this it would make records of each request
    # and each edit that no handler writes, which costs a twentieth of a call.
    apps = [app for apps in server.extension_manager.extension_apps.values() for app in apps]
    for app in (server, *apps):
        app.log.setLevel(log_level(options))
    return server


def address_of(server: ServerApp, options: ServeOptions) -> ServerAddress:
    return server_address(options.host, server.port, server.base_url, options.token)


async def cancel_leftover_tasks() -> None:
    """Cancel the tasks that Jupyter leaves when it stops its loop, as asyncio.run would.

    A task that is left keeps its worker thread, and that thread keeps the process: with a save
    under way in the last moment, one stop in twenty never ended.
    """
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    with suppress(TimeoutError):
        async with asyncio.timeout(LEFTOVER_SECONDS):
            await asyncio.gather(*left, return_exceptions=True)


def print_banner(address: ServerAddress, options: ServeOptions) -> None:
    """Print the URLs for a person, and the configuration for their MCP client."""
    if is_root():
        warn("running as root: notebooks can do anything to this machine")
    if not is_loopback(options.host):
        warn(f"{options.host or 'every address'} is reachable from other machines, unencrypted")
    say(f"Workbench   {address.workbench_url}")
    say(f"JupyterLab  {address.lab_url}")
    say(f"MCP         {address.mcp_url}")
    say(f"Notebooks   {options.root_dir}")
    say(f"\n{LOGIN.format(command=own_command())}")
    if options.oauth is not None:
        say(LOGIN_OF_OTHERS.format(issuer=options.oauth.issuer))
    say("\nFor your MCP client:\n")
    say(address.client_config)
    say("\nStop with Ctrl-C.")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def warn(line: str) -> None:
    sys.stderr.write(f"jmcp: warning: {line}\n")
    sys.stderr.flush()
