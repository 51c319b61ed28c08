"""Where people, the gateway and the Hub reach each other."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from jupyterhub.utils import subdomain_hook_idna
from traitlets.config import Config

from jmcp.hub.configuration.given import ConfigurationConflict, given, put

LOCAL = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """`public_url` is the Hub's, without a path and a slash at the end; `base_path` has one at its
    end. `proxy_url` is where the gateway reaches the proxy. `gateway_url` is where the proxy reaches
    the gateway, whose pages browsers see at `gateway_origin`. Where each service and each user's server
    has a host of its own, `gateway_host` is the gateway's, without a port, and `subdomain_host` what all
    of them are below, with one; else both are empty."""

    public_url: str
    base_path: str
    proxy_url: str
    gateway_url: str
    gateway_origin: str
    gateway_host: str
    subdomain_host: str

    @property
    def subdomains(self) -> bool:
        return bool(self.gateway_host)


def addresses(
    c: Config, *, name: str, public_url: str | None, proxy_url: str | None, gateway_url: str
) -> Addresses:
    """As the arguments and the configuration say, which is set to it. Raises ConfigurationConflict."""
    bound = urlsplit(given(c, "JupyterHub", "bind_url", "http://:8000"))
    base_path = _base_path(c, bound.path)
    local = f"{bound.scheme}://{_reachable(bound.hostname)}:{bound.port or 8000}"
    subdomain_host = str(given(c, "JupyterHub", "subdomain_host", ""))
    if subdomain_host and "://" not in subdomain_host:
        subdomain_host = f"https://{subdomain_host}"
    public = _public_url(c, public_url, subdomain_host, base_path) or local
    parts = urlsplit(subdomain_host)
    host = _service_host(c, name, parts.hostname or "") if subdomain_host else ""
    port = f":{parts.port}" if parts.port else ""
    return Addresses(
        public_url=public,
        base_path=base_path,
        proxy_url=(proxy_url or local).rstrip("/"),
        gateway_url=gateway_url,
        gateway_origin=f"{parts.scheme}://{host}{port}" if host else public,
        gateway_host=host,
        subdomain_host=parts.netloc,
    )


def _base_path(c: Config, bound: str) -> str:
    path = str(given(c, "JupyterHub", "base_url", bound or "/"))
    return f"/{path.strip('/')}/" if path.strip("/") else "/"


def _public_url(c: Config, wanted: str | None, subdomain_host: str, base_path: str) -> str:
    found = str(given(c, "JupyterHub", "public_url", "")) or subdomain_host
    origin = _origin(found) if found else ""
    if wanted is None:
        return origin
    if urlsplit(wanted).scheme not in ("http", "https") or not urlsplit(wanted).hostname:
        raise ConfigurationConflict(
            f"public_url is {wanted!r}, which is no URL; write it as in https://hub.example.org"
        )
    path = urlsplit(wanted).path.strip("/")
    if path and path != base_path.strip("/"):
        raise ConfigurationConflict(
            f"public_url is {wanted!r}, and the Hub's own path is {base_path!r} "
            "(c.JupyterHub.base_url): give both the same path, or public_url none"
        )
    if origin and origin != _origin(wanted):
        raise ConfigurationConflict.between(
            "c.JupyterHub.public_url (or subdomain_host)",
            found,
            wanted,
            "it is where browsers and MCP clients reach the Hub",
        )
    if not given(c, "JupyterHub", "public_url", ""):
        why = "links and logins lead there"
        put(c, "JupyterHub", "public_url", _origin(wanted) + base_path, why)
    return _origin(wanted)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _reachable(host: str | None) -> str:
    return LOCAL if host in (None, "", "0.0.0.0", "::", "*") else str(host)


def _service_host(c: Config, name: str, domain: str) -> str:
    hook = given(c, "JupyterHub", "subdomain_hook", "idna")
    if hook != "idna":
        raise ConfigurationConflict(
            f"c.JupyterHub.subdomain_hook is {hook!r}, and the gateway knows the hosts of users' servers "
            "only as the default (idna) names them: remove it"
        )
    return str(subdomain_hook_idna(name, domain, kind="service"))
