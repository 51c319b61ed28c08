"""One request that is passed on to its user's server, which is started where it does not run."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress

from starlette.types import Receive, Send

from jmcp.hub.gateway.call_body import CallBody, read_only_tools
from jmcp.hub.gateway.events import EventStream
from jmcp.hub.gateway.failures import (
    CUT,
    NOT_ADMITTED,
    REVOKED,
    STOPPED,
    TOO_LARGE,
    Failed,
    NotAdmitted,
    lost,
)
from jmcp.hub.gateway.forwarding import Answer, AnswerLost, Forwarded
from jmcp.hub.gateway.hub_api import StartEvent, User
from jmcp.hub.gateway.limits import Held
from jmcp.hub.gateway.links import OPENAPI, relinked_openapi
from jmcp.hub.gateway.passing import Passing
from jmcp.hub.gateway.progress import START_STEPS, StartProgress
from jmcp.hub.gateway.user_server import UserServer
from jmcp.transport.event_stream import STREAM_HEADERS
from jmcp.transport.problems import ProblemResponse

KEEP_ALIVE_SECONDS = 10.0
"""After so long without an answer the stream begins, and as often says that it lives."""
QUIET_STREAM_SECONDS = 20.0
"""After so long without anything on a stream its server is asked whether it lives: it sends something
every 15 seconds, and the proxy does not tell when it dies."""
STREAM_TOKEN_SECONDS = 300.0
"""An open stream outlives the revocation of its token by so much at most, as at JupyterHub's own
servers: asking the Hub more often for each open stream would be most of its work."""

log = logging.getLogger("jmcp")
READ_ONLY = read_only_tools()


class Exchange:
    """One request and its answer. `message` is its body where it is one of MCP."""

    def __init__(
        self,
        passing: Passing,
        user: User,
        request: Forwarded,
        message: CallBody | None,
        held: Held,
        *,
        takes_stream: bool,
    ) -> None:
        self._passing = passing
        self._held = held
        self._user = user
        self._request = request
        self._message = message
        # A stream that begins before there is an answer has no head of it.
        streams = message is not None and bool(message.request_ids) and not message.is_handshake
        self._takes_stream = takes_stream and streams
        # Of 3 kB, which streams that only listen have no use for.
        self._reports: asyncio.Queue[StartEvent] | None = (
            asyncio.Queue() if self._takes_stream else None
        )
        self._server = UserServer(
            passing, request, repeats=does_no_harm_twice(request, message), reports=self._reports
        )
        self._progress = StartProgress()
        self._begun = False
        self.failure: str | None = None
        """The code of the gateway's own answer, where it gave one."""
        self._steps = 0
        """What a start that was reported counts in the progress of the call."""
        self._working: asyncio.Task[None] | None = None
        self._ends = False
        self._answered = False
        self._heard = self._checked = 0.0
        self._limit: asyncio.Timeout | None = None
        self._over = Failed(503, "server_stopped", CUT, 5)
        """Why a stream is ended."""

    async def answer(self, receive: Receive, send: Send) -> None:
        """Answer the request; ends early when the client leaves. Raises NotAdmitted."""
        self._working = working = asyncio.create_task(self._respond(send))
        watching = asyncio.create_task(left(receive))
        self._passing.open.add(self)
        try:
            await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._passing.open.discard(self)
            watching.cancel()
            if not working.done():
                working.cancel()
            with suppress(asyncio.CancelledError):
                await working
        if self._ends and working.cancelled():
            await self._send_end(send)

    @property
    def listens(self) -> bool:
        """Whether it is a stream that nobody awaits an answer on, as it ends when the client leaves."""
        return self._message is None and self._begun and self._request.method == b"GET"

    def end(self) -> None:
        """End it now; its answer says that the gateway stops."""
        if self._working is not None and not self._working.done():
            self._ends = True
            self._working.cancel()

    async def _send_end(self, send: Send) -> None:
        if self._begun and (self._message is None or self._answered):
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._send_failure(Failed(503, "gateway_stopped", STOPPED, 2), send)

    # -- the answer ------------------------------------------------------------------------------

    async def _respond(self, send: Send) -> None:
        obtaining = asyncio.create_task(self._server.answer())
        answer: Answer | None = None
        try:
            if self._takes_stream:
                await self._stream_until(obtaining, send)
            answer = await obtaining
        except Failed as failure:
            await self._send_failure(failure, send)
            return
        except NotAdmitted:
            if not self._begun:
                raise
            await self._send_failure(Failed(403, "refused", NOT_ADMITTED), send)
            return
        finally:
            if answer is None:
                await discarded(obtaining)
        try:
            await self._relay(answer, send)
        except Failed as failure:
            await self._send_failure(failure, send)
        finally:
            await answer.close()

    async def _stream_until(self, obtaining: asyncio.Task[Answer], send: Send) -> None:
        """Say how far a start is, and that the connection lives, until there is an answer."""
        reports = self._reports
        assert reports is not None
        while not obtaining.done():
            news = asyncio.create_task(reports.get())
            try:
                await asyncio.wait(
                    {obtaining, news},
                    timeout=KEEP_ALIVE_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                if not news.done():
                    news.cancel()
            if news.done():
                await self._send_event(self._report(news.result()), send)
            elif not obtaining.done():
                await self._send_event(self._report(None), send)
        while self._begun and not reports.empty():
            await self._send_event(self._report(reports.get_nowait()), send)

    def _report(self, event: StartEvent | None) -> bytes:
        if event is None:
            return b": waiting for the answer\n\n"
        message = f"Starting your Jupyter server: {event.message}"
        done = self._progress.next(event.percent)
        data = self._message.progress(done, START_STEPS, message) if self._message else None
        if data is not None:
            self._steps = START_STEPS
            return b"event: message\ndata: " + data + b"\n\n"
        return b": " + " ".join(message.split()).encode() + b"\n\n"

    async def _send_event(self, event: bytes, send: Send) -> None:
        if not self._begun:
            self._begun = True
            await send({"type": "http.response.start", "status": 200, "headers": STREAM_HEADERS})
        await send({"type": "http.response.body", "body": event, "more_body": True})

    async def _send_failure(self, failure: Failed, send: Send) -> None:
        self.failure = failure.code
        message = self._message
        if message is None or not message.request_ids:
            await self._send_plain(ProblemResponse(failure.problem), send)
            return
        body = message.errors(failure.message, failure.problem)
        if self._begun:
            await self._send_event(b"event: message\ndata: " + body + b"\n\n", send)
            await send({"type": "http.response.body", "body": b""})
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        if failure.retry_after is not None:
            headers.append((b"retry-after", b"%d" % max(1, round(failure.retry_after))))
        # The error of a tool is an answer; of anything else it is none.
        status = 200 if message.calls_tools else failure.status
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _send_plain(self, response: ProblemResponse, send: Send) -> None:
        start = {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
        await send(start)
        await send({"type": "http.response.body", "body": bytes(response.body)})

    async def _relay(self, answer: Answer, send: Send) -> None:
        """Pass the answer back. Raises Failed where it breaks off."""
        is_document = self._request.target.partition(b"?")[0] == OPENAPI and answer.status == 200
        if is_document or (self._message is not None and not answer.is_stream):
            await self._relay_whole(answer, send)
            return
        if not self._begun:
            self._begun = True
            head = {
                "type": "http.response.start",
                "status": answer.status,
                "headers": answer.passed_back,
            }
            await send(head)
        if answer.is_stream:
            await self._relay_stream(answer, send)
            return
        try:
            async for chunk in answer.chunks():
                self._passing.saw(self._user.name)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except AnswerLost as error:
            log.warning("an answer to %s broke off: %s", self._user.name, error)
            # Its head is sent: only breaking it off says that it is not whole.
            raise ConnectionAbortedError("the user's server stopped in its answer") from error
        await send({"type": "http.response.body", "body": b""})

    async def _relay_stream(self, answer: Answer, send: Send) -> None:
        events = EventStream(self._steps) if self._message is not None else None
        ended: Failed | None = None
        kept = 0
        try:
            async with asyncio.timeout(None) as limit:
                self._limit = limit
                self._heard = self._checked = time.monotonic()
                self._passing.watch(self)
                try:
                    async for chunk in answer.chunks():
                        self._heard = time.monotonic()
                        self._passing.saw(self._user.name)
                        passed = chunk if events is None else events.passed(chunk)
                        self._answered = events is not None and events.answered
                        if events is not None and not self._held.add(events.kept - kept):
                            ended = Failed(502, "answer_too_large", TOO_LARGE)
                            break
                        kept = events.kept if events is not None else 0
                        if passed:
                            body = {"type": "http.response.body", "body": passed, "more_body": True}
                            await send(body)
                finally:
                    self._passing.watched.discard(self)
        except AnswerLost as error:
            log.warning("a stream to %s broke off: %s", self._user.name, error)
            ended = Failed(503, "server_stopped", CUT, 5)
        except TimeoutError:
            ended = self._over
        if ended is not None and events is not None and not events.answered:
            raise ended
        await send({"type": "http.response.body", "body": b""})

    def is_due(self, now: float) -> bool:
        """Whether its stream was silent for long, or its token was believed for long."""
        quiet, unasked = now - self._heard, now - self._checked
        return quiet > QUIET_STREAM_SECONDS or unasked > STREAM_TOKEN_SECONDS

    async def check(self) -> None:
        """Let its stream end if the server has died, or the token was revoked."""
        now = time.monotonic()
        if now - self._heard > QUIET_STREAM_SECONDS:
            self._heard = now
            if not await self._server.lives():
                self._ended_by(Failed(503, "server_stopped", CUT, 5))
        if now - self._checked > STREAM_TOKEN_SECONDS:
            self._checked = now
            if not await self._passing.is_good(self._request.token):
                self._ended_by(Failed(401, "unauthorized", REVOKED))

    def _ended_by(self, failure: Failed) -> None:
        if self in self._passing.watched and self._limit is not None:
            self._over = failure
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def _relay_whole(self, answer: Answer, send: Send) -> None:
        """JSON of MCP is read whole before it is passed back: half of it would be worth nothing."""
        read = bytearray()
        try:
            async for chunk in answer.chunks():
                read += chunk
                if not self._held.add(len(chunk)):
                    raise Failed(502, "answer_too_large", TOO_LARGE)
        except AnswerLost as error:
            raise lost() from error
        body = bytes(read)
        self._passing.saw(self._user.name)
        if self._message is None:
            body = relinked_openapi(body, answer.server, answer.gateway)
        if self._begun:
            await self._send_event(b"event: message\ndata: " + body + b"\n\n", send)
            await send({"type": "http.response.body", "body": b""})
            return
        headers = [pair for pair in answer.passed_back if pair[0] != b"content-length"]
        if answer.status not in (202, 204, 304):
            headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def left(receive: Receive) -> None:
    """Returns when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def discarded(obtaining: asyncio.Task[Answer]) -> None:
    """Nobody takes that answer any more: also one that had just come gives its connection back."""
    obtaining.cancel()
    with suppress(asyncio.CancelledError, Failed, NotAdmitted):
        await (await obtaining).close()


def does_no_harm_twice(request: Forwarded, message: CallBody | None) -> bool:
    """Whether a request may be sent again when nobody knows what became of it."""
    if message is not None:
        return message.may_repeat(READ_ONLY)
    return request.method in (b"GET", b"HEAD", b"OPTIONS")
