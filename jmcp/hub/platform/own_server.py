"""A person's own server: how it is, its start with progress, its stop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from jmcp.hub.gateway.hub_api import StartEvent
from jmcp.hub.gateway.servers import ServerFailed, Start
from jmcp.hub.login.browser_sessions import BrowserSession
from jmcp.hub.platform.api import Api, json_answer
from jmcp.hub.platform.server_reading import ServerReading
from jmcp.transport.problems import Problem
from jmcp.transport.rest.json_body import json_object

COMMENT_SECONDS = 15.0
"""Proxies on the way close what is silent for a minute."""

RUNS_GO_ON = "{count} in your server and would end ({names}). Stop it with confirm: true."
RUNS_UNKNOWN = (
    "Your server does not say whether code runs in it, which would end. Stop it with confirm: true."
)
NAMED_RUNS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnServer:
    """`/api/server`."""

    api: Api
    reading: ServerReading

    def routes(self) -> list[Route]:
        return [
            self.api.route("/server", {"GET": self.state}),
            self.api.route("/server/start", {"POST": self.start}),
            self.api.route("/server/stop", {"POST": self.stop}),
        ]

    async def state(self, _: Request, session: BrowserSession) -> Response:
        """As the Hub has it, which wakes nothing and counts as nobody's activity."""
        return json_answer(await self._state(session))

    async def _state(self, session: BrowserSession) -> dict[str, Any]:
        gateway = self.api.gateway
        server = await gateway.hub.server(session.user, session.hub_token)
        state = asdict(server)
        del state["pid"]
        if gateway.servers.is_starting(session.user) and server.state == "stopped":
            state["state"] = "starting"
        root = gateway.settings.server_url(session.user)
        return state | {"url": f"{root}/", "workbench_url": f"{root}/jmcp/workbench"}

    async def start(self, _: Request, session: BrowserSession) -> Response:
        """How the start goes on, as events; whoever leaves does not end it, and may come back."""
        start = self.api.gateway.servers.start(session.user, session.hub_token)
        return StreamingResponse(events_of(start), media_type="text/event-stream")

    async def stop(self, request: Request, session: BrowserSession) -> Response:
        """Raises Problem 409 while code runs, unless the body has confirm: true."""
        confirmed = (await json_object(request)).get("confirm") is True
        hub = self.api.gateway.hub
        server = await hub.server(session.user, session.hub_token)
        if server.state == "running" and not confirmed:
            await self._check_runs(session)
        await hub.stop(session.user, session.hub_token)
        return json_answer(await self._state(session), 202)

    async def _check_runs(self, session: BrowserSession) -> None:
        try:
            runs = (await self.reading.activity(session))["runs"]
        except Problem:
            raise Problem(409, RUNS_UNKNOWN, code="runs_unknown") from None
        if runs:
            paths = list(dict.fromkeys(run["notebook_path"] or "code" for run in runs))
            names = ", ".join(paths[:NAMED_RUNS]) + (", ..." if len(paths) > NAMED_RUNS else "")
            count = f"{len(runs)} runs go on" if len(runs) > 1 else "1 run goes on"
            raise Problem(409, RUNS_GO_ON.format(count=count, names=names), code="runs_go_on")


async def events_of(start: Start) -> AsyncIterator[str]:
    """What is reported of a start, as events of a stream, with comments where nothing is."""
    reports = aiter(start.follow())
    following: asyncio.Task[StartEvent] | None = None
    try:
        while True:
            following = following or asyncio.ensure_future(anext(reports))
            done, _ = await asyncio.wait({following}, timeout=COMMENT_SECONDS)
            if not done:
                yield ": starting\n\n"
                continue
            report = following.result()
            following = None
            if not report.ready:
                yield event("progress", percent=report.percent, message=report.message)
    except StopAsyncIteration:
        yield event("ready")
    except ServerFailed as failure:
        yield event("failed", message=failure.message, retry_after=failure.retry_after)
    finally:
        if following is not None:
            following.cancel()
            await asyncio.wait({following})


def event(name: str, **data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
