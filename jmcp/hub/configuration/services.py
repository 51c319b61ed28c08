"""The gateway as a service of the Hub, the rights of people to it, and the paths at the root."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from traitlets.config import Config

from jmcp.hub.configuration.addresses import Addresses
from jmcp.hub.configuration.given import (
    ConfigurationConflict,
    given,
    put_entries,
    put_named,
)
from jmcp.hub.configuration.spawners import Spawner
from jmcp.hub.gateway.settings import PREFIX
from jmcp.hub.platform.scopes import ADMIN_SCOPES, PROCESS_SCOPES

USER_SCOPES = ("read:users:name!user", "access:servers!user", "servers!user")
"""What the gateway may do for whoever logged in there: know the name, reach and start the server."""
WELL_KNOWN = (
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
)
"""Where clients look for the gateway's metadata: at the root of its host, which is the Hub's."""
GATEWAY_SETTINGS = (
    "calls_per_second",
    "client_documents",
    "keys",
    "max_open_requests",
    "max_request_mib",
    "metrics_token",
    "origins",
    "start_seconds",
    "state",
    "store",
)
"""What `gateway_settings` may have: variables of the gateway that no argument sets."""
TOO_WIDE = ("access:servers", "inherit", "admin:servers", "servers", "tokens")
"""Scopes that reach all users' servers where nothing limits them."""


def gateway_service(
    addresses: Addresses,
    *,
    name: str,
    environment: Mapping[str, str],
    managed: bool,
    scopes: Sequence[str],
    info: Mapping[str, Any],
) -> dict[str, Any]:
    """The gateway's entry in `c.JupyterHub.services`. `scopes` are those of the tokens that it gets
    when people log in there."""
    service: dict[str, Any] = {
        "name": name,
        "url": addresses.gateway_url,
        "oauth_client_allowed_scopes": [*scopes],
        # The gateway asks itself, and names the client, which the Hub does not know.
        "oauth_no_confirm": True,
        "info": dict(info),
    }
    if managed:
        service["command"] = [sys.executable, "-m", "jmcp", "hub", "gateway"]
        service["environment"] = dict(environment)
    return service


def scopes_for(spawner: Spawner) -> tuple[str, ...]:
    """The scopes of the gateway's tokens, of which it asks for a part each time."""
    return USER_SCOPES + ADMIN_SCOPES + (PROCESS_SCOPES if spawner.place == "process" else ())


def gateway_environment(
    addresses: Addresses,
    settings: Mapping[str, Any],
    *,
    scopes: Sequence[str],
    frames: bool,
    max_servers: int,
) -> dict[str, str]:
    """The variables of the gateway besides those that the Hub sets. Raises ConfigurationConflict."""
    variables = {
        # The Hub has this one for users' servers, and leaves it empty for services.
        "JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES": json.dumps([*scopes]),
        f"{PREFIX}PROXY_URL": addresses.proxy_url,
        f"{PREFIX}PUBLIC_URL": addresses.gateway_origin,
        f"{PREFIX}MAX_SERVERS": str(max_servers),
    }
    if addresses.subdomains:
        variables[f"{PREFIX}SUBDOMAIN_HOST"] = addresses.subdomain_host
    if frames:
        variables[f"{PREFIX}FRAMES"] = "1"
    for key, value in settings.items():
        if key not in GATEWAY_SETTINGS:
            raise ConfigurationConflict(
                f"gateway_settings has no {key!r}; there are: {', '.join(GATEWAY_SETTINGS)}"
            )
        if isinstance(value, bool):
            raise ConfigurationConflict(
                f"gateway_settings has {key!r}: {value}, and none of them is true or false. "
                "client_documents is 'off', 'any' or hosts"
            )
        variables[f"{PREFIX}{key.upper()}"] = _text(value)
    return variables


def put_gateway(c: Config, service: Mapping[str, Any], api_token: str | None) -> None:
    why = "it is the gateway's service"
    if api_token is not None:
        service = {**service, "api_token": api_token}
    put_named(c, "JupyterHub", "services", service, why)


def put_well_known(c: Config, addresses: Addresses, name: str) -> None:
    """Let the proxy send what clients ask for at the root to the gateway."""
    tail = f"{addresses.base_path}services/{name}/"
    routes = {f"{addresses.gateway_host}{path}{tail}": addresses.gateway_url for path in WELL_KNOWN}
    put_entries(c, "Proxy", "extra_routes", routes, "MCP clients find the gateway's login there")


def put_rights(c: Config, name: str) -> None:
    """Let every user reach the gateway, which itself has no rights. Raises ConfigurationConflict."""
    scope = f"access:services!service={name}"
    roles = [dict(role) for role in given(c, "JupyterHub", "load_roles", [])]
    user = next((role for role in roles if role.get("name") == "user" and "scopes" in role), None)
    if user is None:
        scopes = set(given(c, "JupyterHub", "extra_user_scopes", set()))
        refuse_wide(scopes, "c.JupyterHub.extra_user_scopes")
        c.JupyterHub.extra_user_scopes = scopes | {scope}
        return
    # A role of that name replaces the Hub's own, with extra_user_scopes.
    refuse_wide(user["scopes"], "the role 'user' of c.JupyterHub.load_roles")
    if scope not in user["scopes"] and "access:services" not in user["scopes"]:
        user["scopes"] = [*user["scopes"], scope]
    c.JupyterHub.load_roles = roles


def refuse_wide(scopes: Sequence[str] | set[str], where: str) -> None:
    """Raises ConfigurationConflict where every user would reach every other's server."""
    wide = sorted(set(scopes).intersection(TOO_WIDE))
    if wide:
        raise ConfigurationConflict(
            f"{where} has {', '.join(wide)} without a filter, which gives every user the servers of all "
            f"others. Write {wide[0]}!user, or remove it: the scope self has it already"
        )


def put_service_with_role(
    c: Config, *, name: str, command: Sequence[str], scopes: Sequence[str], why: str
) -> None:
    """Add a service without pages, and a role of that name for it alone."""
    put_named(c, "JupyterHub", "services", {"name": name, "command": list(command)}, why)
    role = {"name": name, "services": [name], "scopes": list(scopes)}
    put_named(c, "JupyterHub", "load_roles", role, why)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return " ".join(map(str, value))
    return {True: "1", False: ""}.get(value) if isinstance(value, bool) else str(value)  # type: ignore[return-value]
