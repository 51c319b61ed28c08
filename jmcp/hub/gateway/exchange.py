"""One request that is passed on to its user's server, which is started where it does not run."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import aclosing, suppress
from typing import Any

from starlette.types import Receive, Send

from jmcp.hub.gateway.call_body import CallBody, read_only_tools
from jmcp.hub.gateway.events import EventStream
from jmcp.hub.gateway.forwarding import (
    LARGEST_ERROR_PAGE,
    SILENCE_SECONDS,
    Answer,
    AnswerLate,
    AnswerLost,
    Forwarded,
    Forwarding,
    NotDelivered,
)
from jmcp.hub.gateway.hub_api import HubRefusal, HubUnreachable, StartEvent, User
from jmcp.hub.gateway.limits import Held
from jmcp.hub.gateway.links import OPENAPI, relinked_openapi
from jmcp.hub.gateway.progress import START_STEPS, StartProgress
from jmcp.hub.gateway.servers import ServerFailed, Servers
from jmcp.hub.gateway.users import Users
from jmcp.transport.problems import ProblemResponse, problem_body

KEEP_ALIVE_SECONDS = 10.0
"""After so long without an answer the stream begins, and as often says that it lives."""
PLAIN_START_SECONDS = 50.0
"""A client that takes no stream waits so long for its server; proxies often end what is silent for a
minute."""
PROXY_AWAY_SECONDS = 60.0
"""While the proxy takes no connection (it starts again with the Hub), requests wait for so long."""
PROXY_PAUSE_SECONDS = 0.5
QUIET_SECONDS = 2.0
"""A server from which nothing came for so long is asked whether it lives before it is given a call
that must not be made twice."""
PROBE_SECONDS = 5.0
WATCH_SECONDS = 5.0
"""How often a stream is looked at: whether something came, and whether its token is still good."""
QUIET_STREAM_SECONDS = 20.0
"""After so long without anything on a stream its server is asked whether it lives: it sends something
every 15 seconds, and the proxy does not tell when it dies."""
STREAM_TOKEN_SECONDS = 300.0
"""An open stream outlives the revocation of its token by so much at most, as at JupyterHub's own
servers: asking the Hub more often for each open stream would be most of its work."""
MOST_STARTS = 30
"""Of a server that the Hub says runs, and that does not answer; a second lies between two."""
STREAM_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]

LOST = (
    "Your Jupyter server ended, or its connection broke, before it answered: the call may have been "
    "carried out or not. Read the notebook before you make the call again. The server is started "
    "again at the next call; its kernels, and the variables in them, are gone if it ended."
)
CUT = (
    "Your Jupyter server stopped answering while this call went on. What it had done until then is "
    "kept; read the notebook before you make the call again. The server is started again at the "
    "next call."
)
TOO_LARGE = (
    "The answer of your Jupyter server is larger than this gateway keeps of one user's answers together. "
    "The call was carried out; read less at once."
)
LATE = (
    "Your Jupyter server has said nothing for {seconds:.0f} s. The call goes on there. A call that "
    "takes longer has to be made with events (Accept: text/event-stream) or, for runs, with `wait`, "
    "which returns an execution_id to ask with."
)
SLOW = (
    "Your Jupyter server is still starting ({message}). It goes on; try again in {seconds:.0f} s."
)
AWAY = (
    "JupyterHub's proxy does not answer, and nothing of the request was passed on; try again later."
)
REFUSED = (
    "Your Jupyter server runs, but what answers there is not jmcp (status {status}: {reason}). Either "
    "jmcp is not installed or not enabled in it, or the token does not open it (it needs the scope "
    "access:servers of its user)."
)
NOT_ADMITTED = "The token does not open your Jupyter server: it lacks the scope access:servers, or was revoked."
REVOKED = "The token of this stream was revoked, or has expired."
STOPPED = (
    "The gateway is being restarted, and could not wait for the answer to this call, which goes on in "
    "your Jupyter server. Read the notebook before you make the call again."
)
SILENT = "JupyterHub says that your server runs, but it does not answer; try again later."

log = logging.getLogger("jmcp")
READ_ONLY = read_only_tools()


class Failed(Exception):
    """The request ends with an answer of the gateway's own. `retry_after` in seconds."""

    def __init__(
        self, status: int, code: str, message: str, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after = retry_after

    @property
    def problem(self) -> dict[str, Any]:
        details = {} if self.retry_after is None else {"retry_after": self.retry_after}
        return problem_body(self.status, self.message, code=self.code, details=details)


class NotAdmitted(Exception):
    """The user's server does not take the token; nothing was answered yet."""


class Passing:
    """Passes requests on, for the whole gateway."""

    def __init__(self, forwarding: Forwarding, servers: Servers, users: Users) -> None:
        self.forwarding = forwarding
        self.servers = servers
        self.users = users
        self.seen: dict[str, float] = {}
        self.open: set[Exchange] = set()
        self.watched: set[Exchange] = set()
        self._watching: asyncio.Task[None] | None = None

    def watch(self, exchange: Exchange) -> None:
        """Look at its stream until it is taken out of `watched`: one task for all, which are many."""
        self.watched.add(exchange)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        checks: set[asyncio.Task[None]] = set()
        while self.watched:
            await asyncio.sleep(WATCH_SECONDS)
            now = time.monotonic()
            for exchange in [one for one in self.watched if one.is_due(now)]:
                checks.add(asyncio.create_task(exchange.check()))
            checks = {one for one in checks if not one.done()}

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching

    def end(self, *, listening: bool = False) -> None:
        """End everything that is open, each with an answer that says why; with `listening` only the
        streams on which no answer is awaited."""
        for exchange in list(self.open):
            if exchange.listens or not listening:
                exchange.end()

    async def is_good(self, token: str) -> bool:
        """Whether the Hub still knows that token, as far as it can be asked."""
        try:
            await self.users.owner(token)
        except HubRefusal:
            return False
        except HubUnreachable:
            return True
        return True

    def saw(self, user: str) -> None:
        """Something came from that user's server just now."""
        self.seen.pop(user, None)
        self.seen[user] = time.monotonic()
        while len(self.seen) > 10_000:
            del self.seen[next(iter(self.seen))]

    def is_quiet(self, user: str) -> bool:
        return time.monotonic() - self.seen.get(user, float("-inf")) > QUIET_SECONDS


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
        self._last = "not begun"
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
        obtaining = asyncio.create_task(self._obtained())
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
            if not await self._lives():
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
            raise self._lost() from error
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

    # -- the way to it ---------------------------------------------------------------------------

    async def _obtained(self) -> Answer:
        """The answer of the user's server, which is started for it if need be. Raises Failed."""
        deadline = None if self._takes_stream else time.monotonic() + PLAIN_START_SECONDS
        for _ in range(MOST_STARTS):
            if not self._may_repeat and not await self._is_there():
                await self._start(gone=True, deadline=deadline)
                continue
            answer = await self._sent()
            if answer is not None and answer.is_of_jmcp:
                self._passing.saw(self._user.name)
                if answer.status == 401:
                    await answer.close()
                    raise NotAdmitted
                return answer
            gone = answer is None or answer.server_is_gone
            reason = "" if answer is None else await reason_of(answer)
            if gone and not self._may_repeat:
                raise self._lost()
            # What did not come from jmcp is the Hub's, in place of a server that is stopped; none of
            # it has been delivered then.
            if not await self._start(gone=gone, deadline=deadline) and not gone:
                message = REFUSED.format(status=answer.status if answer else 0, reason=reason)
                raise Failed(502, "server_refused", message)
        raise Failed(503, "server_stopped", SILENT, 30)

    @property
    def _may_repeat(self) -> bool:
        if self._message is not None:
            return self._message.may_repeat(READ_ONLY)
        return self._request.method in (b"GET", b"HEAD", b"OPTIONS")

    async def _sent(self) -> Answer | None:
        """None where no answer came although the request was sent. Raises Failed."""
        give_up = time.monotonic() + PROXY_AWAY_SECONDS
        while True:
            try:
                return await self._passing.forwarding.send(self._request)
            except NotDelivered as error:
                if time.monotonic() > give_up:
                    raise Failed(503, "proxy_unreachable", AWAY, 10) from error
                await asyncio.sleep(PROXY_PAUSE_SECONDS)
            except AnswerLate as error:
                message = LATE.format(seconds=SILENCE_SECONDS)
                raise Failed(504, "answer_late", message) from error
            except AnswerLost as error:
                log.warning("no answer from the server of %s: %s", self._user.name, error)
                return None

    async def _is_there(self) -> bool:
        """Whether anybody is there behind the proxy, asked where nothing came from there for a while.
        A server that was stopped in order is seen by the call itself."""
        return not self._passing.is_quiet(self._user.name) or await self._lives()

    async def _lives(self) -> bool:
        """Whether anybody answers behind the proxy."""
        probe = Forwarded(
            method=b"GET",
            user=self._user.name,
            token=self._request.token,
            target=b"/mcp/healthz",
            headers=[(b"accept", b"application/json")],
            body=b"",
        )
        try:
            answer = await self._passing.forwarding.send(probe, PROBE_SECONDS)
        except NotDelivered:
            return True  # the proxy is away, which the call itself waits for
        except AnswerLost:
            return False
        await answer.close()
        if answer.is_of_jmcp:
            self._passing.saw(self._user.name)
        return not answer.server_is_gone

    async def _start(self, *, gone: bool, deadline: float | None) -> bool:
        """Wait until the server runs. Returns whether it was started, and did not run already."""
        start = self._passing.servers.start(self._user.name, self._request.token, gone=gone)
        seconds = None if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            async with asyncio.timeout(seconds), aclosing(start.follow()) as events:
                async for event in events:
                    self._last = event.message
                    if self._reports is not None:
                        self._reports.put_nowait(event)
        except TimeoutError as error:
            message = SLOW.format(message=self._last, seconds=5)
            raise Failed(503, "server_starting", message, 5) from error
        except ServerFailed as failure:
            raise failed_start(failure) from failure
        if start.anew:
            self._passing.saw(self._user.name)  # by the Hub, which waits until it answers
        return start.anew

    def _lost(self) -> Failed:
        return Failed(503, "server_stopped", LOST, 5)


def failed_start(failure: ServerFailed) -> Failed:
    """Why a server does not start, for an agent."""
    status = failure.status if failure.status in (403, 429, 503) else 502
    retry_after = failure.retry_after if status != 403 else None
    message = f"Your Jupyter server was not started: {failure.message}"
    return Failed(status, "server_not_started", message, retry_after)


async def left(receive: Receive) -> None:
    """Returns when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def discarded(obtaining: asyncio.Task[Answer]) -> None:
    """Nobody takes that answer any more: also one that had just come gives its connection back."""
    obtaining.cancel()
    with suppress(asyncio.CancelledError, Failed, NotAdmitted):
        await (await obtaining).close()


async def reason_of(answer: Answer) -> str:
    """What a page or a message of JSON gives as the reason; closes the answer."""
    try:
        body = await answer.body(LARGEST_ERROR_PAGE)
    except AnswerLost:
        return ""
    finally:
        await answer.close()
    if answer.content_type == b"application/json":
        with suppress(ValueError, TypeError, KeyError):
            return str(json.loads(body)["message"])
    _, found, rest = body.partition(b"<title>")
    return rest.partition(b"</title>")[0].decode("utf-8", "replace").strip() if found else ""
