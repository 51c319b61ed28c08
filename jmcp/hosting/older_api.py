"""`/api/connect`, `/api/stop` and `/api/healthz` of a standalone server, as older servers have them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jmcp import compose
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.core.errors import BackendError, ServeError, ToolError
from jmcp.core.sessions.shared_session import FIRST_RUN, NOW, SharedSession, shared_id
from jmcp.hosting.deferred import DeferredCalls
from jmcp.hosting.jupyter_address import jupyter_address
from jmcp.hosting.older_values import URLS, older_values, with_defaults
from jmcp.hosting.remote_servers import RemoteServers
from jmcp.options.older_options import CONNECT, taken_by
from jmcp.options.serve_options import JupyterAddress
from jmcp.transport import problems
from jmcp.transport.middleware.principal import HOLDER, caller
from jmcp.transport.problems import Problem, ProblemResponse
from jmcp.transport.rest.json_body import json_object
from jmcp.transport.site import Endpoint

LEAVE_SECONDS = 3.0
"""Calls under way may take so long to end when a server is left for another one; then they are
answered with how far they are."""
FIELDS = frozenset(name for option in taken_by(CONNECT) for name in option.names)
NO_SESSION = "session_not_found"
HEALTH_TEXT = "jmcp is running."
NO_TOKEN_TEXT = "jmcp is running. Send its token to learn the kernel_status of your notebook."


class OlderApi:
    """Connects a running server to other Jupyter Servers, and releases the notebook that calls without
    a session_id work in."""

    def __init__(self, servers: RemoteServers, calls: DeferredCalls) -> None:
        self._servers = servers
        self._calls = calls
        self._connecting = asyncio.Lock()

    @property
    def routes(self) -> Mapping[str, Mapping[str, Endpoint]]:
        return {
            "/api/healthz": {"GET": self.health},
            "/api/connect": {"PUT": self.connect},
            "/api/stop": {"DELETE": self.stop},
        }

    async def health(self, _: Request) -> Response:
        """Whether this server and its Jupyter Servers answer; needs no token.

        The number of sessions and the state of a kernel show when somebody works, so only a caller
        with a token gets them.
        """
        about: dict[str, Any] = {"service": "jmcp", "version": compose.VERSION}
        if self._calls.stopping:
            return JSONResponse({"success": False, "status": "stopping", **about}, status_code=503)
        who = caller()
        reasons, kernel = await asyncio.gather(
            self._servers.health(),
            self._calls.kernel_status(who) if who.authenticated else _unknown(),
        )
        about |= {
            name: {"reachable": reason is None, "reason": reason}
            for name, reason in reasons.items()
        }
        if who.authenticated:
            about["sessions"] = await self._calls.live_sessions()
        return JSONResponse(
            {
                "success": True,
                "status": "degraded" if any(reasons.values()) else "healthy",
                "message": HEALTH_TEXT if who.authenticated else NO_TOKEN_TEXT,
                "kernel_status": kernel,
                **about,
            }
        )

    async def connect(self, request: Request) -> Response:
        """Work on the Jupyter Servers and in the notebook of the body, each of whose fields may be
        left out: then it stays as it is."""
        try:
            _check_holder()
            asked = _asked(await json_object(request))
            async with self._connecting:
                return JSONResponse(await self._connected(asked))
        except Problem as refusal:
            return _failed(refusal.body)
        except ServeError as error:
            return _failed(problems.problem_body(400, f"{error}."))
        except ToolError as error:
            return _failed(problems.error_body(error))
        except BackendError as error:
            policy = self._calls.api.policy.backend_errors
            return _failed(problems.error_body(policy[error.kind](error.message, **error.details)))

    async def stop(self, _: Request) -> Response:
        """Release the current notebook of the shared session, and stop the kernel that it started."""
        try:
            _check_holder()
            session_id = shared_id(self._calls.api.policy.shared_handle, caller())
            arguments = {"session_id": session_id}
            outcome = await self._calls.call("unuse_notebook", arguments, caller())
        except Problem as refusal:
            return _failed(refusal.body)
        if outcome.error is not None and outcome.error.code == NO_SESSION:
            return JSONResponse({"success": True, "released": None, "kernel": "none"})
        if outcome.error is not None:
            return _failed(problems.error_body(outcome.error))
        result = outcome.result or {}
        return JSONResponse(
            {"success": True, "released": result["released"], "kernel": result["kernel"]}
        )

    async def _connected(self, asked: dict[str, Any]) -> dict[str, Any]:
        known = self._servers.addresses
        wanted = _addresses(asked, known)
        notebook = asked.get("notebook")
        shared = SharedSession(
            notebook=notebook,
            kernel=asked.get("notebook_kernel") or (NOW if notebook else FIRST_RUN),
        )
        if wanted != known:
            # Before anything is left: where these do not answer, all stays as it is.
            await self._servers.probed(*wanted)
            if notebook is not None:
                self._servers.share(shared)
            await self._calls.reconnect(lambda: self._servers.change(*wanted), LEAVE_SECONDS)
        elif notebook is not None:
            self._servers.share(shared)
        real = self._calls.real
        if notebook is not None and isinstance(real, Dispatcher):
            await real.share(shared, caller())
        documents, kernels = wanted
        return {
            "success": True,
            "document_url": documents.url,
            "runtime_url": kernels.url,
            "document_id": notebook,
        }


def _asked(body: dict[str, Any]) -> dict[str, Any]:
    """What the body asks for, by jmcp's names. Raises Problem, ServeError."""
    if unknown := body.keys() - FIELDS:
        known = ", ".join(sorted(FIELDS))
        raise Problem(400, f"Unknown: {', '.join(sorted(unknown))}; there are: {known}.")
    texts: dict[str, str | None] = {}
    for name, value in body.items():
        if isinstance(value, bool):
            texts[name] = str(value)
        elif isinstance(value, str | None):
            texts[name] = value
        else:
            raise Problem(400, f"{name} must be a string.")
    values = older_values(taken_by(CONNECT), texts, {}, by_flag=False)
    return {name: asked.value for name, asked in values.options.items()}


def _addresses(
    asked: dict[str, Any], known: tuple[JupyterAddress, JupyterAddress]
) -> tuple[JupyterAddress, JupyterAddress]:
    """The servers of documents and of kernels from now on. A token that is known goes only to the
    server that it is known for. Raises ServeError."""
    if not asked.keys() & (URLS | {"jupyter_token", "document_token", "kernel_token"}):
        return known
    given = with_defaults(asked, lambda _: False) if asked.keys() & URLS else asked
    tokens = {address.url: address.token for address in known}
    made = []
    for kind, before in zip(("document", "kernel"), known, strict=True):
        url = given.get(f"{kind}_url") or given.get("jupyter_url") or before.url
        token = given.get(f"{kind}_token") or given.get("jupyter_token") or ""
        address = jupyter_address(kind, url, token)
        if address.token is None:
            address = JupyterAddress(url=address.url, token=tokens.get(address.url))
        made.append(address)
    return made[0], made[1]


def _check_holder() -> None:
    """Raises Problem for a named token: what it may do ends at its own sessions."""
    if caller().owner != HOLDER:
        raise Problem(
            403,
            "This changes what the server works on for all: send the server's own token, as its "
            "configuration for MCP clients has it.",
        )


def _failed(body: dict[str, Any]) -> Response:
    return ProblemResponse({"success": False, "error": body["detail"], **body})


async def _unknown() -> str:
    return "unknown"
