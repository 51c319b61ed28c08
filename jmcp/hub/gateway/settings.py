"""What the gateway is told when it starts: by the Hub, which starts it, and by its configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from jmcp.core.errors import ServeError
from jmcp.hub.gateway.domains import domain_label

MIB = 2**20
PREFIX = "JMCP_GATEWAY_"
"""Of the variables that are the gateway's own; `configure` sets them."""

HUB_STARTS_IT = (
    "jmcp hub gateway is started by a JupyterHub, which sets {name}; "
    "jmcp.hub.configure(c, ...) in jupyterhub_config.py does the rest"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """`host` and `port` are where it listens. `prefix` is its path, without a slash at the end.

    `api_url` is the Hub's REST API. `proxy_url` is where the gateway itself reaches the Hub's public
    proxy, `public_url` where people and clients do, both without a slash at the end. `base_path` is
    the Hub's own path, with one. `service` is the gateway's name at the Hub. With `subdomain_host`
    (with a port, where there is one) each user's server has a host of its own below it. `frames`: those
    servers let the gateway's page show them in a frame. `traces`: what is passed on is traced. `max_servers` may run at once, 0 for any number.
    """

    host: str
    port: int
    prefix: str
    service: str
    api_url: str
    base_path: str
    proxy_url: str
    public_url: str
    client_id: str
    api_token: str = field(repr=False)
    subdomain_host: str = ""
    state_folder: Path
    origins: frozenset[str] = frozenset()
    max_body_bytes: int = 64 * MIB
    calls_per_second: float = 50.0
    max_open_requests: int = 64
    start_seconds: float = 300.0
    metrics_token: str = field(default="", repr=False)
    frames: bool = False
    max_servers: int = 0
    traces: bool = False

    @property
    def url(self) -> str:
        """The gateway's own public URL, without a slash at the end."""
        return f"{self.public_url}{self.prefix}"

    def server_path(self, name: str) -> str:
        """The path of that user's server, without a slash at the end."""
        return f"{self.base_path}user/{escaped(name)}"

    def server_url(self, name: str) -> str:
        """Where people have that user's server, without a slash at the end."""
        origin = self.public_url
        if self.subdomain_host:
            scheme = urlsplit(self.public_url).scheme
            origin = f"{scheme}://{domain_label(name)}.{self.subdomain_host}"
        return origin + self.server_path(name)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> GatewaySettings:
        """Raises ServeError, which names the variable."""
        given = os.environ if environment is None else environment
        service_url = urlsplit(required(given, "JUPYTERHUB_SERVICE_URL"))
        base_path = given.get("JUPYTERHUB_BASE_URL", "/")
        proxy_url = given.get(f"{PREFIX}PROXY_URL", "http://127.0.0.1:8000").rstrip("/")
        return cls(
            host=service_url.hostname or "127.0.0.1",
            port=service_url.port or 0,
            prefix=required(given, "JUPYTERHUB_SERVICE_PREFIX").rstrip("/"),
            service=required(given, "JUPYTERHUB_SERVICE_NAME"),
            api_url=required(given, "JUPYTERHUB_API_URL").rstrip("/"),
            base_path=base_path,
            proxy_url=proxy_url,
            public_url=given.get(f"{PREFIX}PUBLIC_URL", proxy_url).rstrip("/"),
            client_id=required(given, "JUPYTERHUB_CLIENT_ID"),
            api_token=required(given, "JUPYTERHUB_API_TOKEN"),
            subdomain_host=given.get(f"{PREFIX}SUBDOMAIN_HOST", ""),
            state_folder=Path(given.get(f"{PREFIX}STATE", "jmcp-gateway")).absolute(),
            origins=frozenset(given.get(f"{PREFIX}ORIGINS", "").split()),
            max_body_bytes=int(number(given, "MAX_REQUEST_MIB", 64) * MIB),
            calls_per_second=number(given, "CALLS_PER_SECOND", 50),
            max_open_requests=int(number(given, "MAX_OPEN_REQUESTS", 64)),
            start_seconds=number(given, "START_SECONDS", 300),
            metrics_token=given.get(f"{PREFIX}METRICS_TOKEN", ""),
            frames=bool(number(given, "FRAMES", 0)),
            max_servers=int(number(given, "MAX_SERVERS", 0)),
            traces=bool(number(given, "TRACES", 0)),
        )


def required(given: Mapping[str, str], name: str) -> str:
    try:
        return given[name]
    except KeyError:
        raise ServeError(HUB_STARTS_IT.format(name=name)) from None


def number(given: Mapping[str, str], name: str, default: float) -> float:
    """The number in that variable of the gateway's own. Raises ServeError."""
    text = given.get(f"{PREFIX}{name}", "")
    try:
        value = float(text) if text else float(default)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ServeError(f"{PREFIX}{name} is {text!r}, which is no number of 0 or more")
    return value


def escaped(name: str) -> str:
    """A user's name as the Hub writes it in paths."""
    return quote(name, safe="@~")
