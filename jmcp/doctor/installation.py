"""Python, packages, and how jmcp is configured."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import stat
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from jmcp.core.errors import ServeError
from jmcp.doctor.finding import Finding, problem, warning
from jmcp.hosting.jupyter_address import JUPYTER_TOKENS
from jmcp.installation import adding
from jmcp.options import sources
from jmcp.options.table import DEFAULT_PORT
from jmcp.state.running_servers import RunningServer
from jmcp.state.token import config_folder

OLDEST_PYTHON = (3, 11)
COLLABORATION = "jupyter_server_ydoc"
OTHER_PROVIDER = "jupyter_server_documents"
PRIVATE = 0o077
LOW_BYTES, FULL_BYTES = 2**30, 100 * 2**20
"""Free space: below the one it is told, below the other saves are about to fail."""
JUPYTER_DATA_RATE, JUPYTER_MESSAGE_RATE = 1_000_000, 1000
"""What Jupyter lets a kernel put out in a second by default, in bytes and in messages."""


async def python() -> Sequence[Finding]:
    fact = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info < OLDEST_PYTHON:
        return [problem("Python", f"{fact} is too old", "install jmcp with Python 3.11 or later")]
    return [Finding(about="Python", fact=fact)]


async def packages() -> Sequence[Finding]:
    """The packages of each extra, by what the installed jmcp asks for."""
    missing: dict[str, list[str]] = {}
    for text in requires("jmcp") or ():
        needed = Requirement(text)
        extra = _extra(needed)
        if extra in ("all", "codegen"):
            continue
        if reason := _lacking(needed):
            missing.setdefault(extra, []).append(reason)
    found = [Finding(about="jmcp", fact=f"version {version('jmcp')}")]
    for extra in ("", "lab", "remote", "redis"):
        about = f"packages of jmcp[{extra}]" if extra else "packages"
        lacking = missing.get(extra)
        if not lacking:
            found.append(Finding(about=about, fact="all are installed"))
        elif extra:
            what = {
                "lab": "jmcp serve does not start JupyterLab without them",
                "remote": "jmcp serve --jupyter-url needs them",
                "redis": "--store redis://... needs them",
            }[extra]
            fact = f"not installed: {', '.join(lacking)}; {what}"
            found.append(warning(about, fact, f"{adding(extra)}, if you want that"))
        else:
            fact = f"wrong: {', '.join(lacking)}"
            found.append(problem(about, fact, "pip install --upgrade jmcp"))
    return found


def _extra(needed: Requirement) -> str:
    marker = str(needed.marker or "")
    return marker.rpartition('extra == "')[2].partition('"')[0] if "extra ==" in marker else ""


def _lacking(needed: Requirement) -> str:
    """Why a requirement is not met; empty where it is."""
    try:
        installed = version(needed.name)
    except PackageNotFoundError:
        return needed.name
    if needed.specifier.contains(installed, prereleases=True):
        return ""
    return f"{needed.name} {installed} (needed: {needed.specifier})"


async def configuration() -> Sequence[Finding]:
    """What is configured by variables and config.toml."""
    folder = config_folder()
    try:
        values = configured()
    except ServeError as error:
        return [problem("configuration", str(error), "correct it there")]
    file = folder / sources.FILE
    fact = f"{file} is valid" if file.exists() else f"none in {file}, so defaults"
    found = [Finding(about="configuration", fact=fact)]
    url = values["jupyter_url"]
    if url and not any(os.environ.get(name) for name in JUPYTER_TOKENS):
        fact = f"jmcp serve would work on {url}, and no token for it is set"
        found.append(warning("configuration", fact, f"set {JUPYTER_TOKENS[0]}"))
    return found


def configured() -> dict[str, Any]:
    """The values of all options as `jmcp serve` would have them. Raises ServeError."""
    variables = sources.from_variables(dict(os.environ))
    return sources.resolved(variables, sources.from_file(config_folder()))


async def token() -> Sequence[Finding]:
    """The user's own token, and who else could read it."""
    folder = config_folder()
    path = folder / "token"
    try:
        found = path.stat()
    except FileNotFoundError:
        parent = next(one for one in (folder, *folder.parents) if one.exists())
        if not os.access(parent, os.W_OK):
            fact = f"none, and {parent} cannot be written"
            remedy = "set XDG_CONFIG_HOME to a folder that can be written, for clients too"
            return [problem("token", fact, remedy)]
        return [Finding(about="token", fact=f"none yet; the first jmcp serve makes {path}")]
    except OSError as error:
        return [problem("token", f"{path} cannot be read: {error.strerror}", f"repair {path}")]
    if os.name != "nt" and stat.S_IMODE(found.st_mode) & PRIVATE:
        fact = f"others of this machine can read {path}"
        remedy = f"chmod 600 {path}, and make a new one by removing it: they may have it"
        return [problem("token", fact, remedy)]
    if not found.st_size:
        return [problem("token", f"{path} is empty", f"remove {path}: a new one is made")]
    return [Finding(about="token", fact=f"in {path}")]


def port(servers: Sequence[RunningServer]) -> Sequence[Finding]:
    """Whether `jmcp serve` gets its port."""
    wanted = configured()["port"]
    number = DEFAULT_PORT if wanted is None else wanted
    mine = [one for one in servers if one.url.endswith(f":{number}")]
    if number == 0:
        return [Finding(about="port", fact="any free one")]
    if mine:
        return [Finding(about="port", fact=f"{number} is used by jmcp itself ({mine[0].place})")]
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError as error:
            fact = f"{number} cannot be used ({error.strerror})"
            remedy = "jmcp serve --port 0 takes any free one, as jmcp connect does by itself"
            return [warning("port", fact, remedy)]
    return [Finding(about="port", fact=f"{number} is free")]


async def root() -> Sequence[Finding]:
    """The folder that `jmcp serve` would serve from here."""
    folder = (configured()["root_dir"] or Path()).resolve()
    if not folder.is_dir():
        fact = f"{folder} is not a folder"
        return [problem("root", fact, "name one with --root-dir, JMCP_ROOT_DIR or root_dir")]
    if not os.access(folder, os.W_OK):
        fact = f"{folder} cannot be written, so its notebooks cannot be edited"
        return [warning("root", fact, "name another one with --root-dir")]
    return [Finding(about="root", fact=str(folder))]


async def collaboration() -> Sequence[Finding]:
    """Which extension shares live documents in this environment."""
    about = "collaboration"
    ours, other = find_spec(COLLABORATION) is not None, find_spec(OTHER_PROVIDER) is not None
    if ours and other:
        fact = f"{COLLABORATION} and {OTHER_PROVIDER} are both installed, and only one can share"
        remedy = f"jupyter server extension disable {OTHER_PROVIDER}"
        return [warning(about, fact, remedy)]
    if other:
        fact = f"{OTHER_PROVIDER} shares notebooks, which jmcp does not support"
        return [problem(about, fact, "install jupyter-collaboration instead")]
    if ours:
        shown = version("jupyter-server-ydoc")
        return [Finding(about=about, fact=f"live documents, by {COLLABORATION} {shown}")]
    fact = "none, so notebooks are edited as files and an open JupyterLab does not see it at once"
    return [warning(about, fact, adding("lab"))]


async def output_limits() -> Sequence[Finding]:
    """What Jupyter lets pass of a kernel's output: to browsers, and to a jmcp outside of it."""
    about = "output limits"
    try:
        from jupyter_core.application import JupyterApp
    except ImportError:
        return [Finding(about=about, fact="no Jupyter in this environment")]

    class Configured(JupyterApp):
        """Reads Jupyter Server's files of configuration, as that does."""

        name = "jupyter-server"
        config_file_name = "jupyter_server_config"

    app = Configured()
    app.load_config_file()
    given: dict[str, Any] = {}
    for name in ("NotebookApp", "ServerApp", "ZMQChannelsWebsocketConnection"):
        given |= dict(app.config.get(name, {}))
    if given.get("limit_rate") is False:
        return [Finding(about=about, fact="Jupyter has none")]
    data = given.get("iopub_data_rate_limit", JUPYTER_DATA_RATE)
    messages = given.get("iopub_msg_rate_limit", JUPYTER_MESSAGE_RATE)
    fact = f"Jupyter drops output beyond {data:,} bytes or {messages:,} messages a second"
    remedy = "--ZMQChannelsWebsocketConnection.limit_rate=False on that Jupyter Server lifts it"
    lower = data < JUPYTER_DATA_RATE or messages < JUPYTER_MESSAGE_RATE
    if lower or configured()["jupyter_url"]:
        return [warning(about, f"{fact}, also for jmcp serve --jupyter-url", remedy)]
    return [Finding(about=about, fact=f"{fact}; jmcp in the same process gets all of it")]


def disk(folders: dict[str, Path]) -> Sequence[Finding]:
    """Free space, once for each file system."""
    seen: set[int] = set()
    found = []
    for name, folder in ({"temporary files": Path(tempfile.gettempdir())} | folders).items():
        there = next(one for one in (folder, *folder.parents) if one.exists())
        device = there.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(there).free
        fact = f"{free / 2**30:.1f} GiB free for {name} ({there})"
        if free < FULL_BYTES:
            found.append(problem("disk", fact, "free some: saves will fail"))
        elif free < LOW_BYTES:
            found.append(warning("disk", fact, "free some"))
        else:
            found.append(Finding(about="disk", fact=fact))
    return found
