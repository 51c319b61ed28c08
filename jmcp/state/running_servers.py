"""The jmcp servers that run on this machine, in the runtime folder of their user.

Each is a file with its address and a token of its own, which `jmcp connect` reads. Imports nothing of
Jupyter and of MCP: `jmcp connect` has to start at once.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import platform
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from jmcp.core.calls.principal import Named, Principal
from jmcp.core.errors import ServeError, StateUnavailable
from jmcp.core.stores.instance_lock import SUFFIX, InstanceLock, is_held
from jmcp.state.token import config_folder

TOKEN_BYTES = 24
PRIVATE_FOLDER = 0o700
WRITABLE_BY_OTHERS = 0o022
log = logging.getLogger("jmcp")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A server as its file describes it.

    `url` has no trailing slash. `root_dir` is the folder it serves, or `jupyter_url` the server it
    works on. An empty `token`: that server accepts only what its own authentication knows (a
    JupyterHub, say). `certificate` is the file of its TLS certificate. `machine` is the host name.
    """

    url: str
    token: str = field(repr=False)
    pid: int
    version: str
    machine: str
    root_dir: str | None = None
    jupyter_url: str | None = None
    certificate: str | None = None

    @property
    def place(self) -> str:
        """What it works on, for a person."""
        return self.root_dir or f"the Jupyter Server {self.jupyter_url}"

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine: several may share a home folder."""
        return self.machine == platform.node()


def runtime_folder() -> Path:
    """Where servers are found, on whichever way a client was started: beside the user's token."""
    return config_folder() / "run"


def local_token() -> str:
    """A new token for `jmcp connect`. It is valid while its server runs."""
    return secrets.token_hex(TOKEN_BYTES)


def named_or_local(local: str, owner: str, named: Named) -> Named:
    """Finds the principals of named tokens, and of `local`, which means the server's own user."""

    def principal(token: str) -> Principal | None:
        if hmac.compare_digest(token.encode(), local.encode()):
            return Principal(name=owner)
        return named(token)

    return principal


@contextmanager
def published(server: RunningServer) -> Iterator[None]:
    """While this lasts, `jmcp connect` finds the server. Where that cannot be written, it is logged."""
    with ExitStack() as files:
        try:
            folder = private_folder()
            lock = InstanceLock(folder)
            files.callback(lock.close)
            path = folder / f"{lock.process}.json"
            files.callback(path.unlink, missing_ok=True)
            # After the lock is held: a file without one was left by a process that was killed.
            _write(path, json.dumps(asdict(server)))
        except (OSError, ServeError, StateUnavailable) as error:
            log.warning("jmcp connect will not find this server: %s", error)
        yield


def private_folder() -> Path:
    """The runtime folder, made where there is none. Raises ServeError, OSError."""
    folder = runtime_folder()
    for one in (folder.parent, folder):
        one.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    _check_owner(folder)
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The servers whose processes live, and sentences about files that are not this user's."""

    servers: tuple[RunningServer, ...]
    refused: tuple[str, ...]


def running_servers() -> Found:
    """The servers of this user whose processes live, whether they answer or not.

    Removes what killed servers left. Raises ServeError where others could have written the files.
    """
    folder = runtime_folder()
    try:
        _check_owner(folder)
        files = sorted(folder.glob("*.json"))
    except FileNotFoundError:
        return Found(servers=(), refused=())
    except OSError as error:
        raise ServeError(f"{folder} cannot be read: {error.strerror}") from error
    servers, refused = [], []
    for file in files:
        if (owner := _other_owner(file)) is not None:
            refused.append(
                f"{file} belongs to another user ({owner}), whose server is not used; start jmcp "
                "as yourself"
            )
        elif not is_held(file.with_suffix(SUFFIX)):
            for left in (file, file.with_suffix(SUFFIX)):
                with suppress(OSError):
                    left.unlink(missing_ok=True)
        elif (server := _read(file)) is not None:
            servers.append(server)
    return Found(servers=tuple(servers), refused=tuple(refused))


def _check_owner(folder: Path) -> None:
    """Raises ServeError where another user could put files into the folder, FileNotFoundError."""
    found = folder.stat()
    if not hasattr(os, "geteuid"):  # Windows, where the home folder's own rights protect it
        return
    if found.st_uid != os.geteuid():
        raise ServeError(
            f"{folder} belongs to another user ({_name_of(found.st_uid)}); run jmcp as that user, or "
            "set XDG_CONFIG_HOME to a folder of your own"
        )
    if found.st_mode & WRITABLE_BY_OTHERS:
        raise ServeError(
            f"{folder} is writable by others, who could put servers there: chmod 700 it"
        )


def _other_owner(file: Path) -> str | None:
    """The name of the owner, where that is another user."""
    try:
        found = file.lstat()
    except OSError:
        return None
    if not hasattr(os, "geteuid") or found.st_uid == os.geteuid():
        return None if stat.S_ISREG(found.st_mode) else "it is not a plain file"
    return _name_of(found.st_uid)


def _name_of(uid: int) -> str:
    import pwd  # not on Windows

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _read(file: Path) -> RunningServer | None:
    """The server of a file; None where it has just ended, or a later version wrote something else."""
    try:
        data: dict[str, Any] = json.loads(file.read_bytes())
        return RunningServer(**{one.name: data[one.name] for one in fields(RunningServer)})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, text: str) -> None:
    """Written and private (mkstemp makes it 0600) before it gets its name. Raises OSError."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
