"""What a server is started with, and the token that outlives it."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jmcp.runtime.transport.wire import Wire
from jmcp.settings import Settings

TOKEN_BYTES = 24
TOKEN_VARIABLES = ("JMCP_TOKEN", "JUPYTER_TOKEN")
Transport = Literal["streamable-http", "stdio"]
IfUnavailable = Literal["exit", "retry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """`jmcp serve`, decided.

    `given` are the values that options and variables have by name: those win over what Jupyter's
    own configuration says of the extension, which wins over config.toml.
    """

    root_dir: Path
    host: str
    port: int
    token: str
    toolsets: tuple[str, ...]
    browser: bool
    verbose: bool
    settings: Settings = field(default_factory=Settings)
    given: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A Jupyter Server elsewhere. `url` contains its base_url and ends in a slash."""

    url: str
    token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandaloneOptions:
    """`jmcp serve --jupyter-url`, decided. With `wire` it is served over stdio, else over HTTP."""

    documents: Where
    kernels: Where
    wire: Wire | None
    host: str
    port: int
    token: str = field(repr=False)
    toolsets: tuple[str, ...]
    if_unavailable: IfUnavailable
    verbose: bool
    settings: Settings = field(default_factory=Settings)

    @property
    def urls(self) -> dict[str, str]:
        """The servers by what they are for, as a person reads it."""
        if self.documents == self.kernels:
            return {"Jupyter": self.documents.url}
        return {"Documents": self.documents.url, "Kernels": self.kernels.url}


def folder() -> Path:
    """The user's jmcp folder: below XDG_CONFIG_HOME, or ~/.config."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    # The specification says that a relative path there is to be ignored.
    return (Path(base) if os.path.isabs(base) else Path.home() / ".config") / "jmcp"


def kept_token(directory: Path) -> str:
    """The token of this user's servers, made on first use: client configurations stay valid.

    The file is complete and private (0600) from the moment it has its name, whoever comes first.
    """
    path = directory / "token"
    if token := _read(path):
        return token
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=directory, prefix=".token")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(TOKEN_BYTES))
        if path.exists():  # there, but empty: somebody's leftover
            os.replace(temporary, path)
        else:
            os.link(temporary, path)
    except FileExistsError:
        pass  # another server was first, and its token is the one
    finally:
        Path(temporary).unlink(missing_ok=True)
    return _read(path)


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""


def taken_token(
    environment: MutableMapping[str, str], names: tuple[str, ...] = TOKEN_VARIABLES
) -> str:
    """The token of the environment, removed from there so that no kernel inherits it."""
    found = [environment.pop(name, "") for name in names]
    return next(filter(None, found), "")
