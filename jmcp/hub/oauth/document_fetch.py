"""Reads a document of a host on the Internet that somebody unknown has named."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx2

from jmcp.hub.oauth.public_addresses import Resolver, is_public, resolve
from jmcp.hub.oauth.redirect_uris import AUTHORITY

PORT = 443
TOTAL_SECONDS = 5.0
MAX_BYTES = 16_384
TRIED_ADDRESSES = 2
MAX_URL_CHARACTERS = 512
JSON_TYPES = ("application/json", "application/cimd+json")


class DocumentRefused(Exception):
    """Why a client's document cannot be used, in one line for whoever opened the login."""


class DocumentFetch:
    """HTTPS to public addresses, within limits of time and size, without redirects or cookies.

    The addresses of a host are looked up once, all of them have to be public, and the connection goes
    to one of them: what the name means a moment later does not count. `resolver`, `admitted`, `port`
    and `context` are what tests replace.
    """

    def __init__(
        self,
        *,
        resolver: Resolver = resolve,
        admitted: Callable[[str], bool] = is_public,
        port: int = PORT,
        context: ssl.SSLContext | None = None,
        seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._resolver = resolver
        self._admitted = admitted
        self._port = port
        self._context = context
        self._seconds = seconds

    async def read(self, url: str) -> tuple[bytes, httpx2.Headers]:
        """The body and headers of a 200. Raises DocumentRefused."""
        host, target = _checked(url)
        try:
            async with asyncio.timeout(self._seconds):
                addresses = await self._addresses(host)
                return await self._first(addresses, host, target)
        except TimeoutError:
            raise DocumentRefused(f"{host} did not answer in {self._seconds:g} s") from None

    async def _addresses(self, host: str) -> list[str]:
        try:
            addresses = await self._resolver(host, self._port)
        except (OSError, UnicodeError):  # a name with an empty or endless part is none of IDNA
            raise DocumentRefused(f"{host} has no address that can be found from here") from None
        if not addresses or not all(self._admitted(one) for one in addresses):
            raise DocumentRefused(f"{host} is not a host of the public Internet")
        return addresses[:TRIED_ADDRESSES]

    async def _first(
        self, addresses: list[str], host: str, target: str
    ) -> tuple[bytes, httpx2.Headers]:
        for number, address in enumerate(addresses, 1):
            try:
                return await self._from(address, host, target)
            except httpx2.ConnectError:
                if number == len(addresses):
                    break
            except (httpx2.HTTPError, httpx2.InvalidURL):
                break
        raise DocumentRefused(f"{host} cannot be reached from here")

    async def _from(self, address: str, host: str, target: str) -> tuple[bytes, httpx2.Headers]:
        literal = f"[{address}]" if ":" in address else address
        # `verify` checks the certificate against the host's name, which goes with the connection.
        async with (
            httpx2.AsyncClient(
                verify=self._context or True,
                trust_env=False,
                follow_redirects=False,
                timeout=self._seconds,
            ) as http,
            http.stream(
                "GET",
                f"https://{literal}:{self._port}{target}",
                headers={"Host": host, "Accept": "application/json", "Accept-Encoding": "identity"},
                extensions={"sni_hostname": host},
            ) as answer,
        ):
            if answer.status_code != 200:
                raise DocumentRefused(f"{host} answered {answer.status_code}, not 200")
            kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind not in JSON_TYPES:
                raise DocumentRefused(f"{host} answered with something else than JSON")
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise DocumentRefused(f"{host} answered with compressed content")
            body = b""
            async for part in answer.aiter_raw():
                body += part
                if len(body) > MAX_BYTES:
                    raise DocumentRefused(f"the document has more than {MAX_BYTES} bytes")
            return body, answer.headers


def _checked(url: str) -> tuple[str, str]:
    """The host and the request target of a URL that may be a client id. Raises DocumentRefused."""
    reason = url_problem(url)
    if reason:
        raise DocumentRefused(reason)
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return str(parts.hostname), f"{parts.path}{query}"


def url_problem(url: str) -> str:
    """Why that URL is no client id (draft-ietf-oauth-client-id-metadata-document, 3); empty where
    it is one."""
    if len(url) > MAX_URL_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url:
        return f"a client id is a URL in ASCII of at most {MAX_URL_CHARACTERS} characters"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "the client id is no URL that can be read"
    if parts.scheme != "https" or not parts.hostname:
        return "the client id is no https URL"
    if "#" in url or "\\" in url or not AUTHORITY.fullmatch(parts.netloc):
        return "a client id has a host, no user name, no fragment and no backslash"
    if port not in (None, PORT):
        return "a client id is at the port of https, 443"
    if parts.path in ("", "/"):
        return "a client id has a path"
    if {".", ".."} & {*parts.path.lower().replace("%2e", ".").split("/")}:
        return "the path of a client id has no dot segments"
    return ""
