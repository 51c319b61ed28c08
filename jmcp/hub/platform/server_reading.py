"""What the page reads from a person's own server: notebooks, sessions, runs and its memory."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jmcp.hub.gateway.app import Gateway
from jmcp.hub.gateway.forwarding import Answer, AnswerLost, Forwarded, NotDelivered
from jmcp.hub.login.browser_sessions import BrowserSession
from jmcp.hub.platform.api import Api, json_answer
from jmcp.transport.middleware.request_id import HEADER as REQUEST_ID
from jmcp.transport.middleware.request_id import current_id
from jmcp.transport.problems import Problem

ANSWER_SECONDS = 10.0
LARGEST_ANSWER = 4_000_000
"""Bytes of an answer: a hundred sessions, with the names of a thousand notebooks."""
SHOWN_NOTEBOOKS = 200
FOLDERS_BELOW = 3
MEMORY = re.compile(rb"^jmcp_memory_(used|limit)_bytes ([0-9.e+]+)$", re.MULTILINE)
SHOWN_TEXT = 300
"""Characters of a name: the rest is of no use in a list."""

NOT_RUNNING = "Your server does not run. Start it."
NO_JMCP = (
    "jmcp does not run in your server, so that it has no sessions of agents. Ask who runs this Hub."
)
NOT_LET_IN = "Your server does not take this login. Log in again."
SILENT = "Your server does not answer. Restart it if it stays like this."
TOO_MUCH = "Your server says more than this page reads. Open JupyterLab there."


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerReading:
    """`/api/notebooks`, `/api/sessions` and `/api/memory`: through the Hub's proxy, with the person's
    own token. A server that does not run is not started."""

    api: Api

    def routes(self) -> list[Route]:
        return [
            self.api.route("/notebooks", {"GET": self.notebooks}),
            self.api.route("/sessions", {"GET": self.sessions}),
            self.api.route("/memory", {"GET": self.memory}),
        ]

    async def notebooks(self, _: Request, session: BrowserSession) -> Response:
        query = {"pattern": "*.ipynb", "max_depth": FOLDERS_BELOW, "limit": SHOWN_NOTEBOOKS}
        listing = await self._of_jmcp(session, f"/jmcp/v1/files?{urlencode(query)}")
        columns = listing["files"]["columns"]
        rows = [dict(zip(columns, row, strict=True)) for row in listing["files"]["rows"]]
        shown = [
            {"path": row["path"], "last_modified": row["last_modified"]}
            for row in rows
            if row["type"] == "notebook"
        ]
        shown.sort(key=lambda row: str(row["last_modified"]), reverse=True)
        return json_answer({"total": max(len(shown), listing["total"]), "notebooks": shown})

    async def sessions(self, _: Request, session: BrowserSession) -> Response:
        return json_answer(await self.activity(session))

    async def activity(self, session: BrowserSession) -> dict[str, Any]:
        """The sessions and the runs of the person's agents. Raises Problem."""
        found = await self._of_jmcp(session, "/jmcp/v1/activity")
        return {
            "total": found["session_count"],
            "sessions": [session_row(one) for one in found["sessions"]],
            "runs": [
                {"notebook_path": shortened(one.get("notebook_path"))} for one in found["runs"]
            ],
        }

    async def memory(self, _: Request, session: BrowserSession) -> Response:
        """What jmcp there measures, else what jupyter-resource-usage does, where it is; else null."""
        answer, body = await self._get(session, "/jmcp/metrics")
        used, limit = measured_memory(body) if answer.status == 200 else (None, None)
        if used is None:
            answer, body = await self._get(session, "/api/metrics/v1")
            if answer.status == 200 and answer.content_type == b"application/json":
                found = from_json(body)
                used = found.get("pss") or found.get("rss")
                limit = (found.get("limits", {}).get("memory") or {}).get("rss")
        return json_answer({"used": used, "limit": limit})

    async def _of_jmcp(self, session: BrowserSession, path: str) -> dict[str, Any]:
        answer, body = await self._get(session, path)
        if answer.status == 200 and answer.is_of_jmcp:
            return dict(from_json(body))
        if answer.is_of_jmcp:
            detail = SILENT
            with suppress(ValueError, KeyError, TypeError):
                detail = str(from_json(body)["detail"])
            raise Problem(502, detail, code="server_refused")
        if answer.status == 404:
            raise Problem(502, NO_JMCP, code="no_jmcp")
        if answer.status in (401, 403):
            raise Problem(502, NOT_LET_IN, code="not_let_in")
        raise Problem(409, NOT_RUNNING, code="server_stopped")

    async def _get(self, session: BrowserSession, path: str) -> tuple[Answer, bytes]:
        """Raises Problem 409, 502."""
        gateway: Gateway = self.api.gateway
        server = await gateway.hub.server(session.user, session.hub_token)
        if server.state != "running":
            raise Problem(409, NOT_RUNNING, code="server_stopped")
        request = Forwarded(
            method=b"GET",
            user=session.user,
            token=session.hub_token,
            target=path.encode(),
            headers=[(b"accept", b"application/json"), (REQUEST_ID, current_id().encode())],
            body=b"",
        )
        try:
            answer = await gateway.forwarding.send(request, ANSWER_SECONDS)
            try:
                body = await answer.body(LARGEST_ANSWER)
            finally:
                await answer.close()
        except (NotDelivered, AnswerLost) as error:
            raise Problem(502, SILENT, code="server_silent") from error
        if len(body) >= LARGEST_ANSWER:
            raise Problem(502, TOO_MUCH, code="server_refused")
        return answer, body


def session_row(found: dict[str, Any]) -> dict[str, Any]:
    """What the page shows of a session: never its whole id, with which one may use it."""
    current = next((one for one in found["notebooks"] if one.get("current")), None)
    return {
        "session": found["session"],
        "client": shortened(found.get("client")),
        "notebook_path": shortened(current["notebook_path"] if current else None),
        "notebooks": len(found["notebooks"]),
        "opened": found["opened"],
        "last_call": found["last_call"],
        "last_tool": found.get("last_tool"),
    }


def shortened(text: str | None) -> str | None:
    return text if text is None or len(text) <= SHOWN_TEXT else f"{text[:SHOWN_TEXT]}..."


def measured_memory(metrics: bytes) -> tuple[int | None, int | None]:
    """What a server and its kernels use and may use, in bytes, by the metrics of its jmcp."""
    found = {name: int(float(value)) for name, value in MEMORY.findall(metrics)}
    return found.get(b"used"), found.get(b"limit")
