"""The messages of one client, passed on to a server over HTTP, and its answers passed back."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from jmcp.client.http_request import ConnectionLost, HttpRequest, NotConnected
from jmcp.client.servers import Endpoint, Servers
from jmcp.connect.messages import (
    CALL,
    CANCELLED,
    REPEATABLE,
    SERVER_ERROR,
    Message,
    MessageStream,
    RequestId,
    Unreadable,
    decoded,
    error_answer,
    failed_call,
    is_answer,
    one_line,
)
from jmcp.core.errors import ServeError
from jmcp_api import phrases
from jmcp_api.errors import ServerStopping

MCP_PATH = "/mcp"
SESSION_HEADER = "mcp-session-id"
RESTART_SECONDS = 10.0
"""Seconds for which a call waits for the server that it knew, before another one is started."""
ATTEMPTS = 5
"""So often is a request sent that no server has taken: each time to the one that runs by then."""
MAX_UNDER_WAY = 100
"""Messages under way, each on a connection; then the client's writes block."""
HTTP_OK, HTTP_UNAUTHORIZED, HTTP_UNKNOWN, HTTP_NO_METHOD, HTTP_UNAVAILABLE = 200, 401, 404, 405, 503
STREAM_PAUSE_SECONDS = 2.0
GOODBYE_SECONDS = 1.0
READY = '{"jsonrpc":"2.0","method":"notifications/initialized"}'
BOTH = "application/json, text/event-stream"
log = logging.getLogger("jmcp")


class Lost(Exception):
    """The server went while a request was under way that it may have carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What `initialize` agreed on with a server, in the handshake era. `opened` is that request."""

    id: str
    version: str
    opened: Message

    @property
    def headers(self) -> dict[str, str]:
        return {SESSION_HEADER: self.id, "MCP-Protocol-Version": self.version}


class Relay:
    """One client. `write` sends it a line; `connection` names it to the server, for as long as this
    process lives and across restarts of the server.

    Requests are sent in the order of their lines and answered as their answers come.
    """

    def __init__(
        self, servers: Servers, write: Callable[[str], Awaitable[None]], *, connection: str
    ) -> None:
        self._servers = servers
        self._write = write
        self._connection = connection
        self._endpoint: Endpoint | None = None
        self._session: Session | None = None
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._requests: dict[RequestId, asyncio.Task[None]] = {}
        self._reached: set[RequestId] = set()
        self._withdrawn: set[RequestId] = set()
        self._subscribed: dict[str, Message] = {}
        self._failed_at = float("-inf")
        self._stream: asyncio.Task[None] | None = None

    async def open(self) -> Endpoint:
        """Find the server, or start it. Raises ServeError."""
        self._endpoint = Endpoint(server=await self._servers.available(0))
        return self._endpoint

    async def run(self, lines: AsyncIterator[str]) -> None:
        """Pass on until the client has no more lines."""
        try:
            async for line in lines:
                if line.strip():
                    await self._take(line)
        except OSError:
            pass  # the client has closed its end of stdout, which is its other way to leave
        finally:
            await self._close()

    # -- from the client -------------------------------------------------------------------------

    async def _take(self, line: str) -> None:
        try:
            message = decoded(line)
        except Unreadable as refusal:
            await self._write(refusal.answer + "\n")
            return
        if message.method == CANCELLED and self._cancel(message):
            return
        self._remember(message)
        while len(self._tasks) >= MAX_UNDER_WAY:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._passed_on(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if message.is_request and message.id is not None:
            self._requests[message.id] = task

    def _remember(self, message: Message) -> None:
        """Keep which resources the client has subscribed to: a session opened anew has none."""
        uri = str(message.params.get("uri"))
        if message.method == "resources/subscribe":
            self._subscribed[uri] = message
        elif message.method == "resources/unsubscribe":
            self._subscribed.pop(uri, None)

    def _cancel(self, message: Message) -> bool:
        """Cancel the request that a notification names; whether that is all there is to do.

        Without sessions, closing the connection cancels. With one the server gets the notification,
        and closes the connection itself, without an answer.
        """
        request_id = message.params.get("requestId")
        if not isinstance(request_id, str | int) or request_id not in self._requests:
            return True  # answered by now
        task = self._requests[request_id]
        self._withdrawn.add(request_id)
        if self._session is None or request_id not in self._reached:
            task.cancel()
            return True
        return False

    async def _passed_on(self, message: Message) -> None:
        try:
            await self._sent(message)
        except Lost:
            await self._fail(message, ServerStopping.not_finished(tool=message.subject))
        except ServeError as error:
            reason = str(error)
            await self._fail(
                message, ServerStopping.not_reached(tool=message.subject, reason=reason)
            )
        except OSError:  # the client has closed its end of stdout, and reads nothing any more
            pass
        except Exception:
            log.exception("%s failed", message.subject)
            if message.is_request:
                failure = error_answer(message.id, SERVER_ERROR, "jmcp connect met a bug.")
                await self._write(f"{failure}\n")
        finally:
            if message.id is not None and self._requests.get(message.id) is asyncio.current_task():
                del self._requests[message.id]
                self._reached.discard(message.id)
                self._withdrawn.discard(message.id)

    async def _fail(self, message: Message, error: ServerStopping) -> None:
        if not message.is_request or message.id in self._withdrawn:
            return
        if message.method == CALL:
            text = phrases.error_lines(message=error.message, code=error.code)
            answer = failed_call(message, error, text)
        else:
            answer = error_answer(message.id, SERVER_ERROR, error.message)
        await self._write(f"{answer}\n")

    # -- to the server and back ------------------------------------------------------------------

    async def _sent(self, message: Message) -> None:
        """Send a message to whichever server runs, again only while none can have carried it out.

        Raises Lost, ServeError.
        """
        for attempt in range(1, ATTEMPTS + 1):
            async with self._sending:
                if self._endpoint is None and not message.is_request:
                    return  # whom it was for is gone
                endpoint, session = await self._known(), self._session
                if message.method == "initialize":
                    session = None
                headers = self._headers(endpoint, session) | message.headers()
                try:
                    request = await HttpRequest.sent(
                        endpoint.address, "POST", MCP_PATH, headers, message.text.encode()
                    )
                except NotConnected:
                    self._gone(endpoint)
                    continue
                except ConnectionLost as error:
                    self._gone(endpoint)
                    if message.method in REPEATABLE:
                        continue
                    raise Lost from error
                if not message.is_request:
                    # What comes next has to come after it, and it is answered at once.
                    try:
                        status, _ = await request.answer()
                    except ConnectionLost:
                        self._gone(endpoint)
                        return
                    finally:
                        request.close()
                    if message.method == "notifications/initialized" and status < 300:
                        self._listen()
                    return
            if message.id is not None:
                self._reached.add(message.id)
            try:
                if await self._answered(message, request, endpoint, session):
                    return
            except ConnectionLost as error:
                self._gone(endpoint)
                if message.id in self._withdrawn:
                    return
                if message.method not in REPEATABLE or attempt == ATTEMPTS:
                    raise Lost from error
            finally:
                request.close()
        raise ServeError("its servers end before they answer")

    async def _answered(
        self, message: Message, request: HttpRequest, endpoint: Endpoint, session: Session | None
    ) -> bool:
        """Pass the answer on. False where the request was not carried out and is to be sent again.

        Raises ConnectionLost.
        """
        status, headers = await request.answer()
        if status == HTTP_UNKNOWN and session is not None:
            await self._reopen(session)
            return False
        if status == HTTP_UNAUTHORIZED:
            self._gone(endpoint)
            return False
        if headers.get("content-type", "").startswith("text/event-stream"):
            await self._events(message, request, headers)
            return True
        body = (await request.body()).decode("utf-8", "replace")
        self._opened(message, headers, body)
        if message.id in self._withdrawn:
            return True
        if message.id is not None and is_answer(body, message.id):
            await self._write(f"{one_line(body)}\n")
            return True
        reason = f"the server at {endpoint.server.url} answers {status}: {body.strip()[:500]}"
        await self._write(f"{error_answer(message.id, SERVER_ERROR, reason)}\n")
        return True

    def _opened(self, message: Message, headers: dict[str, str], answer: str) -> None:
        """Keep the session that an answer opens, before the client has that answer."""
        if message.method == "initialize":
            self._session = _session_of(message, headers, answer)

    async def _events(
        self, message: Message, request: HttpRequest, headers: dict[str, str]
    ) -> None:
        """Pass on what comes before the answer, and that. Raises ConnectionLost without one."""
        stream, answered = MessageStream(), False
        async for part in request.parts():
            for text in stream.messages(part):
                if message.id is not None and is_answer(text, message.id):
                    answered = True
                    self._opened(message, headers, text)
                if message.id not in self._withdrawn:
                    await self._write(f"{one_line(text)}\n")
        if not answered and message.id not in self._withdrawn:
            raise ConnectionLost("the stream ended without an answer")

    def _headers(self, endpoint: Endpoint, session: Session | None) -> dict[str, str]:
        given = {"Content-Type": "application/json", "Accept": BOTH}
        given |= {"Jmcp-Connection": self._connection, **endpoint.headers}
        return given if session is None else given | session.headers

    async def _known(self) -> Endpoint:
        """The server as it is now. Called under the lock. Raises ServeError."""
        if self._endpoint is None:
            now = asyncio.get_running_loop().time()
            # Calls that wait for one another need not each wait for what the first did not find.
            wait = RESTART_SECONDS if now - self._failed_at > RESTART_SECONDS else 0
            try:
                self._endpoint = Endpoint(server=await self._servers.available(wait))
            except ServeError:
                self._failed_at = asyncio.get_running_loop().time()
                raise
        return self._endpoint

    def _gone(self, endpoint: Endpoint) -> None:
        if self._endpoint is endpoint:
            self._endpoint = None

    # -- sessions of the handshake era -----------------------------------------------------------

    async def _reopen(self, session: Session) -> None:
        """Open a session with a server that does not know this one: it was started anew.

        Raises ConnectionLost, ServeError.
        """
        async with self._sending:
            if self._session is not session:
                return  # another request did
            endpoint = await self._known()
            opening = session.opened
            try:
                request = await HttpRequest.sent(
                    endpoint.address,
                    "POST",
                    MCP_PATH,
                    self._headers(endpoint, None),
                    opening.text.encode(),
                )
                try:
                    status, headers = await request.answer()
                    body = await self._body(request, headers)
                finally:
                    request.close()
                made = _session_of(opening, headers, body) if status == HTTP_OK else None
                if made is None or made.version != session.version:
                    raise ServeError(
                        f"the jmcp that runs now does not speak revision {session.version}, which this "
                        "client began with; start the client again"
                    )
                self._session = made
                for text in (READY, *(one.text for one in self._subscribed.values())):
                    request = await HttpRequest.sent(
                        endpoint.address,
                        "POST",
                        MCP_PATH,
                        self._headers(endpoint, made),
                        text.encode(),
                    )
                    try:
                        await request.answer()
                    finally:
                        request.close()
            except (NotConnected, ConnectionLost):
                self._gone(endpoint)

    async def _body(self, request: HttpRequest, headers: dict[str, str]) -> str:
        body = await request.body()
        if headers.get("content-type", "").startswith("text/event-stream"):
            return "".join(MessageStream().messages(body))
        return body.decode("utf-8", "replace")

    def _listen(self) -> None:
        if self._stream is None:
            self._stream = asyncio.create_task(self._listening())

    async def _listening(self) -> None:
        """Pass on what the server sends of itself, again after each restart."""
        unknown: Session | None = None
        while (session := self._session) is not None:
            endpoint = self._endpoint
            if endpoint is not None and session is not unknown:
                try:
                    status = await self._listened(endpoint, session)
                except (NotConnected, ConnectionLost):
                    status = HTTP_UNAVAILABLE
                except OSError:  # the client has closed its end of stdout
                    return
                if status == HTTP_NO_METHOD:
                    return  # this server has no such stream
                if status in (HTTP_UNAUTHORIZED, HTTP_UNKNOWN):
                    # Not asked again, which would keep an unused server from ending.
                    unknown = session
            # A call finds the next server; nothing comes from one that nobody has called.
            await asyncio.sleep(STREAM_PAUSE_SECONDS)

    async def _listened(self, endpoint: Endpoint, session: Session) -> int:
        """The status of the stream, once it has ended. Raises NotConnected, ConnectionLost."""
        headers = self._headers(endpoint, session) | {"Accept": "text/event-stream"}
        request = await HttpRequest.sent(endpoint.address, "GET", MCP_PATH, headers)
        try:
            status, _ = await request.answer()
            if status == HTTP_OK:
                stream = MessageStream()
                async for part in request.parts():
                    for text in stream.messages(part):
                        await self._write(f"{one_line(text)}\n")
        finally:
            request.close()
        return status

    async def _close(self) -> None:
        """End what is under way, and the session."""
        left = [*self._tasks, *([self._stream] if self._stream is not None else [])]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        endpoint, session = self._endpoint, self._session
        if endpoint is None or session is None:
            return
        with suppress(NotConnected, ConnectionLost, TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                headers = self._headers(endpoint, session)
                request = await HttpRequest.sent(endpoint.address, "DELETE", MCP_PATH, headers)
                try:
                    await request.answer()
                finally:
                    request.close()


def _session_of(opening: Message, headers: dict[str, str], body: str) -> Session | None:
    """The session that the answer to `initialize` opens; None where it opens none."""
    session_id = headers.get(SESSION_HEADER)
    try:
        answer: Any = json.loads(body)
        version = answer["result"]["protocolVersion"]
    except (ValueError, LookupError, TypeError):
        return None
    if not session_id or not isinstance(version, str):
        return None
    return Session(id=session_id, version=version, opened=opening)
