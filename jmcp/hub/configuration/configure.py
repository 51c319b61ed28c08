"""`jmcp.hub.configure`: everything that a JupyterHub has to be told, in one call."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from traitlets.config import Config
from traitlets.log import get_logger

from jmcp.hub.configuration import frames as frame_policy
from jmcp.hub.configuration.addresses import LOCAL, addresses
from jmcp.hub.configuration.capacity import Capacity, put_capacity
from jmcp.hub.configuration.culling import put_culler
from jmcp.hub.configuration.given import ConfigurationConflict, put_entries
from jmcp.hub.configuration.memory import byte_size, machine_memory, shown
from jmcp.hub.configuration.prestart import put_prestart
from jmcp.hub.configuration.proxy import put_timeout
from jmcp.hub.configuration.servers import (
    put_jmcp,
    put_kernel_culling,
    put_limits,
    put_starts,
    put_token_lifetime,
    server_bytes,
    sets_extension,
)
from jmcp.hub.configuration.services import (
    gateway_environment,
    gateway_service,
    put_gateway,
    put_rights,
    put_well_known,
    scopes_for,
)
from jmcp.hub.configuration.spawners import configured_spawner
from jmcp.hub.configuration.templates import Template, left_out, put_templates, sizes

DEFAULT_GATEWAY_URL = f"http://{LOCAL}:10101"
DEFAULT_TOKEN_DAYS = 30
OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""OpenTelemetry's own variable."""
STARTS_PER_CORE = 2
"""More at once make all of them slower, and those who work already: measured on two cores."""


def configure(
    c: Config,
    *,
    public_url: str | None = None,
    memory: str | None = None,
    cpu: float | None = None,
    memory_guarantee: str | None = None,
    max_servers: int = 50,
    reserve: str = "4G",
    total_memory: str | None = None,
    idle_minutes: float = 30,
    kernel_idle_minutes: float | None = None,
    starts_at_once: int | None = None,
    prestart: Sequence[str] = (),
    prestart_at: Sequence[str] = (),
    templates: Sequence[Template] = (),
    toolsets: Sequence[str] = ("core", "apps"),
    settings: Mapping[str, Any] | None = None,
    frames: bool | None = None,
    frame_ancestors: Sequence[str] = (),
    token_days: float | None = None,
    name: str = "jmcp",
    gateway_url: str = DEFAULT_GATEWAY_URL,
    gateway_settings: Mapping[str, Any] | None = None,
    gateway_token: str | None = None,
    start_gateway: bool = True,
    proxy_url: str | None = None,
    traces: str | None = None,
) -> None:
    """Let all users of this Hub reach jmcp in their own servers by one URL. Call it last.

    What `c` says already is kept; where it says the opposite, ConfigurationConflict tells both. A
    second call with the same arguments changes nothing.

    People and clients: `public_url` is where they reach the Hub (https://hub.example.org), `token_days`
    how long a token of theirs is good (30). `toolsets` are what MCP clients see, and `settings` further
    options of jmcp in users' servers, by their names in config.toml.

    A server: `memory` (2G) and `cpu` (1) are its limits where the spawner enforces them, `templates`
    what people may choose from. It ends after `idle_minutes` without use, 0 for never, and a kernel
    after `kernel_idle_minutes`. The servers of the users in `prestart` start with the Hub, and each
    day at the times `prestart_at` (07:30).

    The machine: at most `max_servers` run, and `reserve` of memory is left free. Each server counts
    with its `memory_guarantee`, without one with its limit. `total_memory` is that of all machines,
    where servers run on others than the Hub's. `starts_at_once` servers start side by side (two for
    each core).

    Pages: with `frames` the gateway's page may show the Hub's pages and users' servers in frames,
    which is on where each user has a host of its own (`c.JupyterHub.subdomain_host`).
    `frame_ancestors` are further sites that may.

    The gateway: `name` is its service's, `gateway_url` where it listens, `gateway_settings` its
    own options (`calls_per_second=20`). With `start_gateway` False something else starts it, with
    `gateway_token` as its JUPYTERHUB_API_TOKEN. `proxy_url` is where it reaches the Hub's proxy, if
    that is not where the Hub binds it.

    `traces` is where OpenTelemetry traces of all calls go, from the gateway and from users' servers, as in
    http://collector:4318.
    """
    spawner = configured_spawner(c)
    where = addresses(
        c, name=name, public_url=public_url, proxy_url=proxy_url, gateway_url=gateway_url
    )
    framed = where.subdomains if frames is None else frames
    origins = [where.gateway_origin, *frame_ancestors] if framed else [*frame_ancestors]

    if not start_gateway and not gateway_token:
        raise ConfigurationConflict(
            "start_gateway=False needs gateway_token=: the token with which the gateway that runs "
            "elsewhere is known here"
        )
    scopes = scopes_for(spawner)
    environment = gateway_environment(
        where, gateway_settings or {}, scopes=scopes, frames=framed, max_servers=max_servers
    )
    if traces is not None:
        environment |= {"JMCP_GATEWAY_TRACES": "1", OTLP_ENDPOINT: traces}
    service = gateway_service(
        where,
        name=name,
        environment=environment,
        managed=start_gateway,
        scopes=scopes,
        info={"templates": [one.public() for one in templates]},
    )
    put_gateway(c, service, gateway_token)
    put_well_known(c, where, name)
    put_rights(c, name)
    warnings = put_timeout(c)
    frame_policy.put_ancestors(c, origins)

    own = dict(settings or {})
    if origins:
        own["frame_ancestors"] = [*own.get("frame_ancestors", ()), *origins]
    if traces is not None:
        own["traces"] = True
        put_entries(c, "Spawner", "environment", {OTLP_ENDPOINT: traces}, "traces= is that too")
    put_jmcp(c, toolsets, own, spawner)
    put_limits(c, memory=memory, cpu=cpu, guarantee=memory_guarantee)
    put_templates(c, templates, spawner)
    put_starts(c, starts_at_once or STARTS_PER_CORE * (os.cpu_count() or 1))
    put_token_lifetime(c, token_days, DEFAULT_TOKEN_DAYS)
    if kernel_idle_minutes:
        put_kernel_culling(c, round(kernel_idle_minutes * 60))
    if idle_minutes and not put_culler(c, round(idle_minutes * 60)):
        warnings.append("a service that stops idle servers is configured already, and is kept")
    put_prestart(c, prestart, prestart_at)
    capacity = Capacity(
        servers=max_servers,
        reserve=byte_size(reserve),
        server_bytes=server_bytes(c),
        templates=sizes(templates),
        total=None if total_memory is None else byte_size(total_memory),
    )
    put_capacity(c, capacity, spawner)

    if spawner.limits_memory is False:
        warnings.append(
            f"{spawner.name} does not limit the memory and processors of servers: one user can take "
            "all of the machine's. The limits are told to servers, and counted before a start"
        )
    if not spawner.isolates:
        warnings.append(
            f"{spawner.name} runs all servers as one user of this machine: each can read the files of "
            "all. It is for trying things out"
        )
    if framed and not where.subdomains:
        warnings.append(
            "all users' servers share one origin, so that a page that one user's server shows in a "
            "frame can be reached by another's. Set c.JupyterHub.subdomain_host, or frames=False"
        )
    room = machine_memory().total - capacity.reserve if spawner.place != "elsewhere" else None
    if room is not None and capacity.total is None and room < capacity.server_bytes:
        warnings.append(
            f"no server fits: this machine has {shown(machine_memory().total)}, {reserve} are kept back, and "
            f"a server counts {shown(capacity.server_bytes)}. Lower reserve= or memory="
        )
    for template in templates:
        if lacking := left_out(template, spawner):
            warnings.append(
                f"{spawner.name} has no use for {' and '.join(lacking)} of template {template.name}"
            )
    if (argument := sets_extension(c)) is not None:
        warnings.append(
            f"c.Spawner.args has {argument}, which may leave jmcp out of users' servers"
        )
    log = get_logger()
    for warning in warnings:
        log.warning("jmcp: %s", warning)
