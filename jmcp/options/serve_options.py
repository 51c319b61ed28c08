"""The resolved options that a server is started with."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jmcp.options.settings import Settings
from jmcp.transport.mcp.stdio_fds import StdioFds

TOKEN_VARIABLES = ("JMCP_TOKEN", "JUPYTER_TOKEN")
Transport = Literal["streamable-http", "stdio"]
IfUnavailable = Literal["exit", "retry"]
Page = Literal["workbench", "lab"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthOptions:
    """Whose access tokens are taken, and of whom; each as its option in `jmcp.options.table` has it."""

    issuer: str
    allow: tuple[str, ...]
    resource: str | None
    audience: tuple[str, ...]
    scope: tuple[str, ...]
    user_claim: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """The options of `jmcp serve`. `page` is what opens in the browser: None where none is to.

    `explicit` are the values from arguments and variables, by name: those win over Jupyter's own
    configuration of the extension, which wins over config.toml. `unused_hours` None: it serves until
    it is stopped. With `oauth`, users of an OpenID provider come in too.
    """

    root_dir: Path
    host: str
    port: int
    token: str
    toolsets: tuple[str, ...]
    page: Page | None
    verbose: bool
    unused_hours: float | None = None
    oauth: OAuthOptions | None = None
    settings: Settings = field(default_factory=Settings)
    explicit: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class JupyterAddress:
    """A Jupyter Server that runs already. `url` includes its base_url and ends in a slash."""

    url: str
    token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandaloneOptions:
    """The options of `jmcp serve --jupyter-url`. `page` is as for the other server. With `stdio` it serves over that, else over HTTP."""

    documents: JupyterAddress
    kernels: JupyterAddress
    stdio: StdioFds | None
    host: str
    port: int
    token: str = field(repr=False)
    toolsets: tuple[str, ...]
    if_unavailable: IfUnavailable
    page: Page | None = None
    verbose: bool
    oauth: OAuthOptions | None = None
    settings: Settings = field(default_factory=Settings)

    @property
    def urls(self) -> dict[str, str]:
        """The URLs of the servers by what they are used for, as shown to a person."""
        if self.documents == self.kernels:
            return {"Jupyter": self.documents.url}
        return {"Documents": self.documents.url, "Kernels": self.kernels.url}


def pop_token(
    environment: MutableMapping[str, str], names: tuple[str, ...] = TOKEN_VARIABLES
) -> str:
    """The first token in those variables, all removed so that no kernel inherits one."""
    found = [environment.pop(name, "") for name in names]
    return next(filter(None, found), "")
