"""All servers of the Hub, for its administrators."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import psutil
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jmcp.hub.gateway.hub_api import ActiveServers, HubRefusal, HubUnreachable
from jmcp.hub.grants.records import Records
from jmcp.hub.login.browser_sessions import BrowserSession
from jmcp.hub.platform.admin_login import AdminLogins
from jmcp.hub.platform.alerts import alerts
from jmcp.hub.platform.api import Api, json_answer
from jmcp.hub.platform.hub_metrics import failed_starts
from jmcp.hub.platform.process_memory import ServerMemory, memories
from jmcp.transport.problems import Problem
from jmcp.transport.rest.json_body import json_object

SHOWN_SERVERS = 200
SHOWN_FAILURES = 20
LACKS_SCOPES = (
    "The Hub does not let this login see or do that ({message}). Log in as an administrator again; if it "
    "stays, its service lacks scopes in jupyterhub_config.py."
)
CONFIRM = "Code may run in that server, which would end. Stop it with confirm: true."


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    """`/api/admin/...`, with the administrator's own token."""

    api: Api
    logins: AdminLogins
    records: Records

    def routes(self) -> list[Route]:
        return [
            self.api.route("/admin", {"GET": self.overview}),
            self.api.route("/admin/servers/{user}/stop", {"POST": self.stop}),
        ]

    async def overview(self, _: Request, session: BrowserSession) -> Response:
        """Servers, capacity, alerts, failed starts and the number of connected clients."""
        token = await self.logins.token(session)
        gateway = self.api.gateway
        try:
            active = await gateway.hub.active_servers(token, 0, SHOWN_SERVERS)
        except HubRefusal as refusal:
            raise lacking(refusal) from refusal
        pids = {user: one.pid for user, one in active.servers.items() if one.pid is not None}
        used = await asyncio.to_thread(memories, pids)
        failures = gateway.servers.failures.of_last_hour()
        capacity = capacity_of(active, gateway.servers.under_way, gateway.settings.max_servers)
        return json_answer(
            {
                "servers": [server_row(user, active, used) for user in active.servers],
                "capacity": capacity,
                "alerts": alerts(used, capacity, failures),
                "failures": [asdict(one) for one in failures[:SHOWN_FAILURES]],
                "failed_since_hub_began": await self._failed(token),
                "clients": await self.records.count("client"),
                "grants": await self.records.count("grant"),
            }
        )

    async def _failed(self, token: str) -> int | None:
        """None where the Hub's metrics are not to be had, without which the rest is still of use."""
        try:
            return failed_starts(await self.api.gateway.hub.metrics(token))
        except (HubRefusal, HubUnreachable):
            return None

    async def stop(self, request: Request, session: BrowserSession) -> Response:
        """Raises Problem 409 without confirm: true."""
        token = await self.logins.token(session)
        if (await json_object(request)).get("confirm") is not True:
            raise Problem(409, CONFIRM, code="not_confirmed")
        try:
            await self.api.gateway.hub.stop(request.path_params["user"], token)
        except HubRefusal as refusal:
            raise lacking(refusal) from refusal
        return json_answer({"stopping": request.path_params["user"]}, 202)


def lacking(refusal: HubRefusal) -> Exception:
    if refusal.status in (401, 403):
        detail = LACKS_SCOPES.format(message=refusal.message)
        return Problem(403, detail, code="scopes_missing")
    return refusal


def server_row(
    user: str, active: ActiveServers, used: Mapping[str, ServerMemory]
) -> dict[str, Any]:
    row = {"user": user, **asdict(active.servers[user])}
    del row["pid"]
    memory = used.get(user)
    return row | {"memory": asdict(memory) if memory else None}


def capacity_of(active: ActiveServers, under_way: int, places: int) -> dict[str, Any]:
    """Of the machine of the gateway, and of the Hub. `places` 0: as many as memory allows."""
    memory = psutil.virtual_memory()
    starting = sum(one.state == "starting" for one in active.servers.values())
    return {
        "memory_total": memory.total,
        "memory_free": memory.available,
        "servers": active.total,
        "places": places,
        "starting": starting,
        "waiting": max(0, under_way - starting),
    }
