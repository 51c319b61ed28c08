"""The part of the Hub's REST API that the gateway uses, each time with a token of the user's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2

from jmcp.hub.gateway.settings import escaped

ANSWER_SECONDS = 10.0
START_SECONDS = 90.0
"""A Hub that waits for slow starts before it answers does so for ten seconds, of a hook for longer."""
PAGE_OF_USERS = "application/jupyterhub-pagination+json"
SILENCE_SECONDS = 60.0
"""The Hub sends a line on its progress stream every eight seconds."""


class HubUnreachable(Exception):
    """The Hub does not answer, or only with an error of its own."""


@dataclass(slots=True, kw_only=True)
class HubRefusal(Exception):
    """The Hub refused. `retry_after` in seconds, where it said so."""

    status: int
    message: str
    retry_after: float | None = None


ServerState = Literal["running", "starting", "stopping"]
STATES_BY_WORDS: dict[str, ServerState] = {
    "already running": "running",
    "pending spawn": "starting",
    "pending stop": "stopping",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who a token is of, and the token's scopes."""

    name: str
    scopes: frozenset[str] = field(repr=False)
    admin: bool = False

    def may_use(self, service: str) -> bool:
        """Whether the token opens that service."""
        return not self.scopes.isdisjoint(("access:services", f"access:services!service={service}"))


RunState = Literal["stopped", "starting", "running", "stopping"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubServer:
    """A user's server as the Hub has it. Times are ISO 8601, where there are any. `pid` is that of its
    process, where the spawner has one and the token may know it."""

    state: RunState
    since: str | None = None
    last_activity: str | None = None
    pid: int | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveServers:
    """Servers by user, of `total` users."""

    total: int
    servers: dict[str, HubServer]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartEvent:
    """How far a start is, in percent, and in the spawner's own words."""

    percent: float
    message: str
    ready: bool = False
    failed: bool = False


class HubApi:
    """A client of the Hub. Every method raises HubRefusal, HubUnreachable."""

    def __init__(self, api_url: str) -> None:
        self._client = httpx2.AsyncClient(
            base_url=api_url,
            timeout=ANSWER_SECONDS,
            limits=httpx2.Limits(max_connections=200, max_keepalive_connections=20),
            trust_env=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def user(self, token: str) -> User:
        """Who that token is of."""
        model = await self._json("GET", "/user", token)
        if model.get("kind") != "user":
            raise HubRefusal(status=403, message="the token is a service's, not a user's")
        name = str(model["name"])
        path_of(name)
        return User(
            name=name,
            scopes=frozenset(model.get("scopes", ())),
            admin=model.get("admin") is True,
        )

    async def server(self, name: str, token: str) -> HubServer:
        """That user's server."""
        return server_of(await self._json("GET", path_of(name), token))

    async def active_servers(self, token: str, offset: int, limit: int) -> ActiveServers:
        """The servers that run, start or stop, by the names of their users."""
        query = {"state": "active", "sort": "name", "offset": offset, "limit": limit}
        page = await self._json("GET", "/users", token, params=query, accept=PAGE_OF_USERS)
        return ActiveServers(
            total=int(page["_pagination"]["total"]),
            servers={str(model["name"]): server_of(model) for model in page["items"]},
        )

    async def stop(self, name: str, token: str) -> None:
        """Ask for the end of that user's server. Idempotent."""
        await self._json("DELETE", f"{path_of(name)}/server", token)

    async def metrics(self, token: str) -> str:
        """What the Hub counts, as Prometheus reads it."""
        hub = str(self._client.base_url).rstrip("/").removesuffix("/api")
        return (await self._answer("GET", f"{hub}/metrics", token)).text

    async def start(self, name: str, token: str) -> ServerState:
        """Ask for that user's server, and return what is true of it by then."""
        try:
            # With an empty object the Hub would forget which kind of server the user chose.
            options = {"user_options": None}
            await self._json("POST", f"{path_of(name)}/server", token, json=options)
        except HubRefusal as refusal:
            # The Hub has no code for it, but a sentence.
            for words, state in STATES_BY_WORDS.items():
                if refusal.status == 400 and words in refusal.message:
                    return state
            raise
        return "starting"

    async def progress(self, name: str, token: str) -> AsyncIterator[StartEvent]:
        """How the start of that server goes on, until it is ready or has failed."""
        path = f"{path_of(name)}/server/progress"
        timeout = httpx2.Timeout(ANSWER_SECONDS, read=SILENCE_SECONDS)
        try:
            async with self._client.stream(
                "GET", path, headers=authorization(token), timeout=timeout
            ) as answer:
                if answer.is_error:
                    await answer.aread()
                    raise refusal_of(answer)
                async for line in answer.aiter_lines():
                    if line.startswith("data:"):
                        yield start_event(line.removeprefix("data:"))
        except httpx2.TransportError as error:
            raise HubUnreachable(str(error) or type(error).__name__) from error

    async def _json(self, method: str, path: str, token: str, **more: Any) -> dict[str, Any]:
        answer = await self._answer(method, path, token, **more)
        return dict(answer.json()) if answer.content else {}

    async def _answer(
        self, method: str, path: str, token: str, *, accept: str = "application/json", **more: Any
    ) -> httpx2.Response:
        timeout = START_SECONDS if method == "POST" else ANSWER_SECONDS
        headers = authorization(token) | {"Accept": accept}
        try:
            answer = await self._client.request(
                method, path, headers=headers, timeout=timeout, **more
            )
        except httpx2.TransportError as error:
            raise HubUnreachable(str(error) or type(error).__name__) from error
        if answer.is_error:
            raise refusal_of(answer)
        return answer


def path_of(name: str) -> str:
    """The Hub's path of that user. Raises HubRefusal for one whose path would be of another: clients and
    proxies take `.` and `..` out of paths, and the Hub lets people be called so."""
    if name in ("", ".", ".."):
        raise HubRefusal(status=404, message="a user's name is none that has a path of its own")
    return f"/users/{escaped(name)}"


def authorization(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def server_of(model: dict[str, Any]) -> HubServer:
    """The server without a name of a user's model, which lacks one that neither runs nor starts."""
    server = (model.get("servers") or {}).get("")
    if server is None:
        return HubServer(state="stopped", last_activity=model.get("last_activity"))
    state: RunState = "stopped"
    if server["pending"] == "stop":
        state = "stopping"
    elif server["pending"]:
        state = "starting"
    elif server["ready"]:
        state = "running"
    pid = (server.get("state") or {}).get("pid")
    return HubServer(
        state=state,
        since=server["started"],
        last_activity=server["last_activity"],
        pid=pid if type(pid) is int and pid > 0 else None,
    )


def start_event(text: str) -> StartEvent:
    event = json.loads(text)
    return StartEvent(
        percent=float(event.get("progress") or 0),
        message=str(event.get("message") or ""),
        ready=bool(event.get("ready")),
        failed=bool(event.get("failed")),
    )


def refusal_of(answer: httpx2.Response) -> HubRefusal | HubUnreachable:
    """The Hub's own refusals are JSON; a page of HTML is a proxy's, or of a Hub that is in trouble."""
    try:
        message = str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        if answer.status_code >= 500:
            return HubUnreachable(f"status {answer.status_code}")
        message = f"status {answer.status_code}"
    try:
        retry_after = float(answer.headers.get("retry-after", ""))
    except ValueError:
        retry_after = None
    return HubRefusal(status=answer.status_code, message=message, retry_after=retry_after)
