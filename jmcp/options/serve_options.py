"""What a server is started with."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jmcp.options.settings import Settings
from jmcp.transport.mcp.stdio_fds import Wire

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


def taken_token(
    environment: MutableMapping[str, str], names: tuple[str, ...] = TOKEN_VARIABLES
) -> str:
    """The token of the environment, removed from there so that no kernel inherits it."""
    found = [environment.pop(name, "") for name in names]
    return next(filter(None, found), "")
