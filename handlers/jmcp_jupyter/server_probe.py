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

from jmcp.core.errors import JupyterRefused, JupyterUnreachable
from jmcp.core.ports import DocumentMode
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
        raise JupyterRefused(
            f"The token for {api.url} may not run code (kernels:execute). Give a token with that "
            "right.",
            reason="no_right_to_execute",
        )
    if documents and "read" not in granted["contents"]:
        raise JupyterRefused(
            f"The token for {api.url} may not read notebooks (contents:read). Give a token with "
            "that right.",
            reason="no_right_to_read",
        )
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
        raise JupyterRefused(
            f"The Jupyter Server at {api.url} keeps its live documents in another way than "
            "jupyter-collaboration (jupyter_server_documents?), where jmcp's edits would be "
            "overwritten. Disable that extension, or use another server.",
            reason="other_documents",
        )
    return "file"


async def _version(api: JupyterApi, *, seconds: float = PROBE_SECONDS) -> str:
    response = await _get(api, "api", seconds=seconds)
    hub = HUB_HEADER in response.headers or "/hub/" in _location(response)
    if hub and (response.is_redirect or response.status_code in AWAY):
        raise _hub(api)
    if asks_for_login(response) or response.status_code in REFUSALS:
        raise _refused_token(api, response)
    if response.status_code in AWAY:
        raise JupyterUnreachable(
            f"A proxy answers at {api.url}, but no server behind it (status "
            f"{response.status_code}).",
            reason="behind_proxy",
        )
    if response.is_redirect:
        raise _elsewhere(api, response)
    version = _json(response).get("version")
    # A server behind the Hub has the Hub's header too, but it answers as Jupyter does.
    if hub and (not isinstance(version, str) or response.url.path.endswith("/hub/api")):
        raise _hub(api)
    if response.status_code != 200 or not isinstance(version, str):
        kind = response.headers.get("content-type", "nothing").partition(";")[0]
        raise JupyterUnreachable(
            f"What answers at {api.url} is not a Jupyter Server (GET {api.url}api: status "
            f"{response.status_code}, {kind}). Is something missing in the URL's path?",
            reason="not_jupyter",
        )
    if _numbers(version) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise JupyterRefused(
            f"The Jupyter Server at {api.url} is version {version}; jmcp needs {oldest} or newer.",
            reason="too_old",
        )
    return version


async def _rights(api: JupyterApi) -> dict[str, list[str]]:
    """What the token may do. Raises JupyterRefused for one that is nobody's."""
    response = await _get(api, "api/me", permissions=json.dumps(RIGHTS))
    if response.status_code in REFUSALS or response.is_redirect:
        raise _refused_token(api, response)
    permissions = _json(response).get("permissions")
    if response.status_code != 200 or not isinstance(permissions, dict):
        raise JupyterUnreachable(
            f"The Jupyter Server at {api.url} did not say what the token may do (status "
            f"{response.status_code} for api/me).",
            reason="not_jupyter",
        )
    return {name: list(permissions.get(name) or ()) for name in RIGHTS}


async def _has_jmcp(api: JupyterApi) -> bool:
    response = await _get(api, "mcp/healthz")
    return response.status_code == 200 and _json(response).get("service") == "jmcp"


async def _get(
    api: JupyterApi, path: str, *, seconds: float = PROBE_SECONDS, **query: Any
) -> httpx2.Response:
    """One answer, whatever it is. Raises JupyterUnreachable when there is none."""
    reason, why = "unreachable", ""
    try:
        # The client's own limit is for each read, and a server can drip.
        async with asyncio.timeout(seconds):
            return await api.send("GET", path, seconds=seconds, **query)
    except (httpx2.TimeoutException, TimeoutError):
        reason, why = "timeout", f"it did not answer within {seconds:g} s"
    except httpx2.TransportError as error:
        reason, why = _network(api, error)
    end = "" if why.endswith("?") else "."
    raise JupyterUnreachable(f"No Jupyter Server answers at {api.url}: {why}{end}", reason=reason)


def _network(api: JupyterApi, error: Exception) -> tuple[str, str]:
    """A reason and its words, from what lies at the bottom of a client's error."""
    host = urlsplit(api.url).hostname
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "tls", f"its TLS certificate is not trusted ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            return "tls", f"TLS failed ({cause.reason or cause}). Is it http:// and not https://?"
        if isinstance(cause, ConnectionRefusedError):
            return "refused", "connection refused. Is it running, and is that its port?"
        if isinstance(cause, socket.gaierror):
            return "dns", f"there is no host {host} (DNS)"
    if isinstance(error, httpx2.ConnectError):
        return "unreachable", str(error) or "connecting failed"
    # A proxy whose server is gone may close the connection, and so may what expects TLS.
    return "not_http", (
        "what listens there closed the connection or does not speak HTTP. Is it running, and is it "
        "https:// and not http://?"
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        if isinstance(seen, BaseExceptionGroup):
            for inner in seen.exceptions:
                yield from _causes(inner)
        seen = seen.__cause__ or seen.__context__


def _refused_token(api: JupyterApi, response: httpx2.Response) -> JupyterRefused:
    given = "refused the token" if api.headers else "needs a token, and none was given"
    hub = HUB_HEADER in response.headers or "/hub/" in _location(response)
    wanted = "a token of the Hub with access to that server" if hub else "its token"
    return JupyterRefused(
        f"The Jupyter Server at {api.url} {given}. Give {wanted} (JMCP_JUPYTER_TOKEN).",
        reason="token_refused" if api.headers else "token_missing",
    )


def _elsewhere(api: JupyterApi, response: httpx2.Response) -> JupyterUnreachable:
    target = response.headers.get("location", "")
    if target.endswith("/api"):
        return JupyterUnreachable(
            f"{api.url} redirects to {target.removesuffix('api')}. Give that URL.",
            reason="redirected",
        )
    return JupyterUnreachable(
        f"What answers at {api.url} is not a Jupyter Server (it redirects to {target}).",
        reason="not_jupyter",
    )


def _hub(api: JupyterApi) -> JupyterUnreachable:
    """JupyterHub answered for itself."""
    if "/user/" in urlsplit(api.url).path:
        return JupyterUnreachable(
            f"JupyterHub answers at {api.url}, and no Jupyter Server: start that server in the Hub.",
            reason="hub_server_stopped",
        )
    return JupyterUnreachable(
        f"{api.url} is JupyterHub itself and no Jupyter Server. Give the URL of a running server, "
        "as in .../user/NAME/, and a token of the Hub.",
        reason="hub",
    )


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
