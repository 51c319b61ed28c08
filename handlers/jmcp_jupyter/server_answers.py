"""The answers of whatever is at a URL, and what each that is not a Jupyter Server's means."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2

from jmcp_api.backend_errors import JupyterRefused, JupyterUnreachable
from jmcp_jupyter.http_api import AWAY_STATUSES, REFUSED_STATUSES, JupyterApi, asks_for_login

PROBE_SECONDS = 10.0
"""For each answer."""

OLDEST_VERSION = (2, 0)
"""The first Jupyter Server that says who one is and what one may do (`/api/me`)."""

HUB_HEADER = "x-jupyterhub-version"


async def server_version(api: JupyterApi, *, seconds: float | None = None) -> str:
    """The version of the Jupyter Server that answers.

    Raises JupyterUnreachable when none does, JupyterRefused for one that is too old or does not
    know the token.
    """
    response = await get(api, "api", seconds=seconds)
    hub = HUB_HEADER in response.headers or "/hub/" in _location(response)
    if hub and (response.is_redirect or response.status_code in AWAY_STATUSES):
        raise _hub(api)
    if asks_for_login(response) or response.status_code in REFUSED_STATUSES:
        raise refused_token(api, response)
    if response.status_code in AWAY_STATUSES:
        raise JupyterUnreachable.nothing_behind_proxy(
            url=api.url, status=response.status_code, reason="behind_proxy"
        )
    if response.is_redirect:
        raise _redirected(api, response)
    version = json_object(response).get("version")
    # A server behind the Hub has the Hub's header too, but it answers as Jupyter does.
    if hub and (not isinstance(version, str) or response.url.path.endswith("/hub/api")):
        raise _hub(api)
    if response.status_code != 200 or not isinstance(version, str):
        kind = response.headers.get("content-type", "nothing").partition(";")[0]
        raise JupyterUnreachable.not_jupyter(
            url=api.url, status=response.status_code, kind=kind, reason="not_jupyter"
        )
    if _numbers(version) < OLDEST_VERSION:
        oldest = ".".join(map(str, OLDEST_VERSION))
        raise JupyterRefused.too_old(url=api.url, version=version, oldest=oldest, reason="too_old")
    return version


async def get(
    api: JupyterApi, path: str, *, seconds: float | None = None, **query: Any
) -> httpx2.Response:
    """One answer, whatever it is. Raises JupyterUnreachable when there is none in time."""
    seconds = PROBE_SECONDS if seconds is None else seconds
    try:
        # The client's own limit is for each read, and a server can drip.
        async with asyncio.timeout(seconds):
            return await api.send("GET", path, seconds=seconds, **query)
    except (httpx2.TimeoutException, TimeoutError) as error:
        raise JupyterUnreachable.timed_out(
            url=api.url, seconds=seconds, reason="timeout"
        ) from error
    except httpx2.TransportError as error:
        raise _failed(api.url, error) from error


def _failed(url: str, error: httpx2.TransportError) -> JupyterUnreachable:
    """The error for what lies at the bottom of a client's error."""
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


def refused_token(api: JupyterApi, response: httpx2.Response) -> JupyterRefused:
    """The error for a token that is missing or nobody's."""
    hub = HUB_HEADER in response.headers or "/hub/" in _location(response)
    if api.headers:
        refused = JupyterRefused.hub_token_refused if hub else JupyterRefused.token_refused
        return refused(url=api.url, reason="token_refused")
    missing = JupyterRefused.hub_token_missing if hub else JupyterRefused.token_missing
    return missing(url=api.url, reason="token_missing")


def _redirected(api: JupyterApi, response: httpx2.Response) -> JupyterUnreachable:
    """The error for an answer that is somewhere else, perhaps at another base_url."""
    target = response.headers.get("location", "")
    if target.endswith("/api"):
        return JupyterUnreachable.redirects(
            url=api.url, target=target.removesuffix("api"), reason="redirected"
        )
    return JupyterUnreachable.redirects_elsewhere(url=api.url, target=target, reason="not_jupyter")


def _hub(api: JupyterApi) -> JupyterUnreachable:
    """The error for JupyterHub, which answered for itself."""
    if "/user/" in urlsplit(api.url).path:
        return JupyterUnreachable.hub_server_stopped(url=api.url, reason="hub_server_stopped")
    return JupyterUnreachable.hub(url=api.url, reason="hub")


def _location(response: httpx2.Response) -> str:
    """The path that an answer redirects to; empty when it does not."""
    return urlsplit(response.headers.get("location", "")).path


def json_object(response: httpx2.Response) -> dict[str, Any]:
    """The JSON object in an answer, empty when there is none."""
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
    return tuple(numbers) or OLDEST_VERSION
