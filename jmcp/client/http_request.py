"""One HTTP request on a connection of its own.

No connection is used twice. One that the server closes in that moment looks like a request that was
lost under way, which must not be sent again; a new one on the same machine takes a tenth of a
millisecond.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

CHUNK_BYTES = 2**16
CONNECT_SECONDS = 5.0
"""For a connection within one machine or to another one; a busy server's system still accepts it."""


class NotConnected(Exception):
    """There is no connection: nothing was sent."""


class ConnectionLost(Exception):
    """The connection ended after the request, or a part of it, was sent, and before all of its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where requests go. `url` has no trailing slash; `certificate` is the only one to be trusted
    then, by the path of its file."""

    url: str
    certificate: str | None = None

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def authority(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def tls(self) -> ssl.SSLContext | None:
        """Raises OSError where the certificate cannot be read."""
        if urlsplit(self.url).scheme != "https":
            return None
        if self.certificate is None:
            return ssl.create_default_context()
        context = ssl.create_default_context(cafile=self.certificate)
        # It is the server's own file, whatever name it was made for and whoever signed it.
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return context


class HttpRequest:
    """A request that was sent. Close it, whether its answer was read or not."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = h11.Connection(h11.CLIENT)

    @classmethod
    async def sent(
        cls,
        address: Address,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
    ) -> HttpRequest:
        """Raises NotConnected, ConnectionLost."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(
                    address.host, address.port, ssl=address.tls()
                )
        except (OSError, TimeoutError) as error:
            raise NotConnected(str(error) or type(error).__name__) from error
        made = cls(reader, writer)
        try:
            await made._send(address, method, path, headers, body)
        except BaseException:
            made.close()
            raise
        return made

    async def answer(self) -> tuple[int, dict[str, str]]:
        """The status and the headers, by their names in lower case. Raises ConnectionLost."""
        event = await self._next()
        while isinstance(event, h11.InformationalResponse):
            event = await self._next()
        if not isinstance(event, h11.Response):
            raise ConnectionLost("the connection ended before an answer")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
        return event.status_code, headers

    async def parts(self) -> AsyncIterator[bytes]:
        """The body, as it comes. Raises ConnectionLost."""
        while isinstance(event := await self._next(), h11.Data):
            yield bytes(event.data)

    async def body(self) -> bytes:
        """All of the body. Raises ConnectionLost."""
        return b"".join([part async for part in self.parts()])

    def close(self) -> None:
        """Close the connection, by which a server learns that nobody waits for the rest."""
        self._writer.close()

    async def _send(
        self, address: Address, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> None:
        given = {"Host": address.authority, "Connection": "close", **headers}
        if body:
            given["Content-Length"] = str(len(body))
        request = h11.Request(
            method=method, target=f"{address.path}{path}", headers=list(given.items())
        )
        events = [request, *([h11.Data(data=body)] if body else []), h11.EndOfMessage()]
        try:
            for event in events:
                self._writer.write(self._protocol.send(event) or b"")
            await self._writer.drain()
        except OSError as error:
            raise ConnectionLost(str(error)) from error

    async def _next(self) -> object:
        try:
            while (event := self._protocol.next_event()) is h11.NEED_DATA:
                self._protocol.receive_data(await self._reader.read(CHUNK_BYTES))
        except (OSError, h11.RemoteProtocolError) as error:
            raise ConnectionLost(str(error)) from error
        if isinstance(event, h11.ConnectionClosed):
            raise ConnectionLost("the server closed the connection")
        return event
