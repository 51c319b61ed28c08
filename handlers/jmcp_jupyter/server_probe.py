"""What answers at a URL: a Jupyter Server that jmcp can work on, or which of many other things.

Every failure is one sentence that says which it is and what to do. Its `reason` is for programs.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from jmcp.core.ports import DocumentMode
from jmcp_api.backend_errors import JupyterRefused, JupyterUnreachable
from jmcp_jupyter.http_api import AWAY, REFUSALS, JupyterApi, asks_for_login

PROBE_SECONDS = 10.0
OLDEST = (2, 0)
"""The first Jupyter Server that says who one is and what one may do (`/api/me`)."""

HUB_HEADER = "x-jupyterhub-version"
RIGHTS = {"kernels": ["execute"], "contents": ["read", "write"]}
ROUTE_MISSING = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A Jupyter Server that jmcp can work on. `warnings` are sentences for a person."""

    version: str
    documents: DocumentMode
    warnings: tuple[str, ...] = ()


async def probe(api: JupyterApi, *, documents: bool = True, kernels: bool = True) -> Found:
    """What the server is, asked for what it is to be used for.

    Raises JupyterUnreachable when no Jupyter Server answers, JupyterRefused when one does that
    jmcp cannot work on; both with `reason`.
    """
    version = await _version(api)
    granted = await _rights(api)
    warnings = []
    if kernels and "execute" not in granted["kernels"]:
        raise JupyterRefused.no_right_to_execute(url=api.url, reason="no_right_to_execute")
    if documents and "read" not in granted["contents"]:
        raise JupyterRefused.no_right_to_read(url=api.url, reason="no_right_to_read")
    if documents and "write" not in granted["contents"]:
        warnings.append(f"the token for {api.url} may only read notebooks (no contents:write)")
    mode = await document_mode(api) if documents else "file"
    if await _has_jmcp(api):
        warnings.append(
            f"the Jupyter Server at {api.url} has a jmcp of its own: notebooks that both work in "
            "are edited by two. Use one of them for each notebook"
        )
    return Found(version=version, documents=mode, warnings=tuple(warnings))


async def unreachable(api: JupyterApi, *, seconds: float) -> str | None:
    """Why no Jupyter Server answers just now, in one word; None when one does."""
    try:
        await _version(api, seconds=seconds)
    except (JupyterUnreachable, JupyterRefused) as error:
        return str(error.details["reason"])
    return None


async def document_mode(api: JupyterApi) -> DocumentMode:
    """`live` where collaboration runs. Raises JupyterRefused for rooms that jmcp does not know."""
    # GET is no method of these two, so neither does anything: 405 or 400 where they exist.
    if (await _get(api, "api/collaboration/session/x")).status_code != ROUTE_MISSING:
        return "live"
    if (await _get(api, "api/collaboration/room/x")).status_code != ROUTE_MISSING:
        raise JupyterRefused.other_documents(url=api.url, reason="other_documents")
    return "file"


async def _version(api: JupyterApi, *, seconds: float = PROBE_SECONDS) -> str:
    response = await _get(api, "api", seconds=seconds)
    hub = HUB_HEADER in response.headers or "/hub/" in _location(response)
    if hub and (response.is_redirect or response.status_code in AWAY):
        raise _hub(api)
    if asks_for_login(response) or response.status_code in REFUSALS:
        raise _refused_token(api, response)
    if response.status_code in AWAY:
        raise JupyterUnreachable.nothing_behind_proxy(
            url=api.url, status=response.status_code, reason="behind_proxy"
        )
    if response.is_redirect:
        raise _elsewhere(api, response)
    version = _json(response).get("version")
    # A server behind the Hub has the Hub's header too, but it answers as Jupyter does.
    if hub and (not isinstance(version, str) or response.url.path.endswith("/hub/api")):
        raise _hub(api)
    if response.status_code != 200 or not isinstance(version, str):
        kind = response.headers.get("content-type", "nothing").partition(";")[0]
        raise JupyterUnreachable.not_jupyter(
            url=api.url, status=response.status_code, kind=kind, reason="not_jupyter"
        )
    if _numbers(version) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise JupyterRefused.too_old(url=api.url, version=version, oldest=oldest, reason="too_old")
    return version


async def _rights(api: JupyterApi) -> dict[str, list[str]]:
    """What the token may do. Raises JupyterRefused for one that is nobody's."""
    response = await _get(api, "api/me", permissions=json.dumps(RIGHTS))
    if response.status_code in REFUSALS or response.is_redirect:
        raise _refused_token(api, response)
    permissions = _json(response).get("permissions")
    if response.status_code != 200 or not isinstance(permissions, dict):
        raise JupyterUnreachable.no_rights(
            url=api.url, status=response.status_code, reason="not_jupyter"
        )
    return {name: list(permissions.get(name) or ()) for name in RIGHTS}


async def _has_jmcp(api: JupyterApi) -> bool:
    response = await _get(api, "mcp/healthz")
    return response.status_code == 200 and _json(response).get("service") == "jmcp"


async def _get(
    api: JupyterApi, path: str, *, seconds: float = PROBE_SECONDS, **query: Any
) -> httpx2.Response:
    """One answer, whatever it is. Raises JupyterUnreachable when there is none."""
    try:
        # The client's own limit is for each read, and a server can drip.
        async with asyncio.timeout(seconds):
            return await api.send("GET", path, seconds=seconds, **query)
    except (httpx2.TimeoutException, TimeoutError) as error:
        raise JupyterUnreachable.timed_out(
            url=api.url, seconds=seconds, reason="timeout"
        ) from error
    except httpx2.TransportError as error:
        raise _unreachable(api.url, error) from error


def _unreachable(url: str, error: httpx2.TransportError) -> JupyterUnreachable:
    """Says what lies at the bottom of a client's error."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            problem = cause.verify_message
            return JupyterUnreachable.tls_untrusted(url=url, problem=problem, reason="tls")
        if isinstance(cause, ssl.SSLError):
            problem = str(cause.reason or cause)
            return JupyterUnreachable.tls_failed(url=url, problem=problem, reason="tls")
        if isinstance(cause, ConnectionRefusedError):
            return JupyterUnreachable.connection_refused(url=url, reason="refused")
        if isinstance(cause, socket.gaierror):
            host = str(urlsplit(url).hostname)
            return JupyterUnreachable.no_host(url=url, host=host, reason="dns")
    if isinstance(error, httpx2.ConnectError):
        problem = str(error) or type(error).__name__
        return JupyterUnreachable.not_connected(url=url, problem=problem, reason="unreachable")
    # A proxy whose server is gone may close the connection, and so may what expects TLS.
    return JupyterUnreachable.not_http(url=url, reason="not_http")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        if isinstance(seen, BaseExceptionGroup):
            for inner in seen.exceptions:
                yield from _causes(inner)
        seen = seen.__cause__ or seen.__context__


def _refused_token(api: JupyterApi, response: httpx2.Response) -> JupyterRefused:
    hub = HUB_HEADER in response.headers or "/hub/" in _location(response)
    if api.headers:
        refused = JupyterRefused.hub_token_refused if hub else JupyterRefused.token_refused
        return refused(url=api.url, reason="token_refused")
    missing = JupyterRefused.hub_token_missing if hub else JupyterRefused.token_missing
    return missing(url=api.url, reason="token_missing")


def _elsewhere(api: JupyterApi, response: httpx2.Response) -> JupyterUnreachable:
    target = response.headers.get("location", "")
    if target.endswith("/api"):
        return JupyterUnreachable.redirects(
            url=api.url, target=target.removesuffix("api"), reason="redirected"
        )
    return JupyterUnreachable.redirects_elsewhere(url=api.url, target=target, reason="not_jupyter")


def _hub(api: JupyterApi) -> JupyterUnreachable:
    """JupyterHub answered for itself."""
    if "/user/" in urlsplit(api.url).path:
        return JupyterUnreachable.hub_server_stopped(url=api.url, reason="hub_server_stopped")
    return JupyterUnreachable.hub(url=api.url, reason="hub")


def _location(response: httpx2.Response) -> str:
    """The path that an answer redirects to; empty when it does not."""
    return urlsplit(response.headers.get("location", "")).path


def _json(response: httpx2.Response) -> dict[str, Any]:
    try:
        decoded = response.json()
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _numbers(version: str) -> tuple[int, ...]:
    """`2.21.0rc1` -> (2, 21): as far as it is numbers; a version without any counts as new."""
    numbers: list[int] = []
    for part in version.split(".")[:2]:
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers) or OLDEST
