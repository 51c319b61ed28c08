"""The server of one user, asked for one answer: it is started, waited for, and never asked twice for a
change."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import aclosing, suppress

from jmcp.hub.gateway.failures import (
    AWAY,
    LATE,
    REFUSED,
    SILENT,
    SLOW,
    Failed,
    NotAdmitted,
    failed_start,
    lost,
)
from jmcp.hub.gateway.forwarding import (
    LARGEST_ERROR_PAGE,
    SILENCE_SECONDS,
    Answer,
    AnswerLate,
    AnswerLost,
    Forwarded,
    NotDelivered,
)
from jmcp.hub.gateway.hub_api import StartEvent
from jmcp.hub.gateway.passing import Passing
from jmcp.hub.gateway.servers import ServerFailed

PLAIN_START_SECONDS = 50.0
"""A client that takes no stream waits so long for its server; proxies often end what is silent for a
minute."""
PROXY_AWAY_SECONDS = 60.0
"""While the proxy takes no connection (it starts again with the Hub), requests wait for so long."""
PROXY_PAUSE_SECONDS = 0.5
PROBE_SECONDS = 5.0
MOST_STARTS = 30
"""Of a server that the Hub says runs, and that does not answer; a second lies between two."""

log = logging.getLogger("jmcp")


class UserServer:
    """The server that a request is for. `repeats`: the request does no harm twice. `reports` gets how
    far a start is; without it somebody waits who can be told nothing, and not for long."""

    def __init__(
        self,
        passing: Passing,
        request: Forwarded,
        *,
        repeats: bool,
        reports: asyncio.Queue[StartEvent] | None,
    ) -> None:
        self._passing = passing
        self._request = request
        self._user = request.user
        self._repeats = repeats
        self.reports = reports
        self._last = "not begun"

    async def answer(self) -> Answer:
        """The answer, for which the server is started if need be. Raises Failed, NotAdmitted."""
        deadline = None if self.reports is not None else time.monotonic() + PLAIN_START_SECONDS
        handshakes, shaken = self._passing.handshakes, False
        for _ in range(MOST_STARTS):
            if not self._repeats and not await self._is_there():
                await self._start(gone=True, deadline=deadline)
                continue
            sent = handshakes.translated(self._request)
            answer = await self._sent(sent)
            if answer is not None and answer.is_of_jmcp:
                self._passing.saw(self._user)
                if answer.status == 401:
                    await answer.close()
                    raise NotAdmitted
                if answer.status == 404 and not shaken and await self._shaken_again(answer, sent):
                    shaken = True
                    continue
                handshakes.note(self._request, answer)
                return answer
            gone = answer is None or answer.server_is_gone
            reason = "" if answer is None else await reason_of(answer)
            if gone and not self._repeats:
                raise lost()
            # What did not come from jmcp is the Hub's, in place of a server that is stopped; none of
            # it has been delivered then.
            if not await self._start(gone=gone, deadline=deadline) and not gone:
                message = REFUSED.format(status=answer.status if answer else 0, reason=reason)
                raise Failed(502, "server_refused", message)
        raise Failed(503, "server_stopped", SILENT, 30)

    async def _shaken_again(self, answer: Answer, sent: Forwarded) -> bool:
        """Whether the server, which was started anew, has begun the client's session again: what it does
        not know the session of, it has not carried out. Closes the answer then. Raises Failed."""
        try:
            again = await self._passing.handshakes.again(self._request, sent)
        except NotDelivered:
            again = False
        if again:
            await answer.close()
        return again

    async def _sent(self, request: Forwarded) -> Answer | None:
        """None where no answer came although the request was sent. Raises Failed."""
        give_up = time.monotonic() + PROXY_AWAY_SECONDS
        while True:
            try:
                return await self._passing.forwarding.send(request)
            except NotDelivered as error:
                if time.monotonic() > give_up:
                    raise Failed(503, "proxy_unreachable", AWAY, 10) from error
                await asyncio.sleep(PROXY_PAUSE_SECONDS)
            except AnswerLate as error:
                message = LATE.format(seconds=SILENCE_SECONDS)
                raise Failed(504, "answer_late", message) from error
            except AnswerLost as error:
                log.warning("no answer from the server of %s: %s", self._user, error)
                return None

    async def _is_there(self) -> bool:
        """Whether anybody is there behind the proxy, asked where nothing came from there for a while.
        A server that was stopped in order is seen by the call itself."""
        return not self._passing.is_quiet(self._user) or await self.lives()

    async def lives(self) -> bool:
        """Whether anybody answers behind the proxy."""
        probe = Forwarded(
            method=b"GET",
            user=self._user,
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
            self._passing.saw(self._user)
        return not answer.server_is_gone

    async def _start(self, *, gone: bool, deadline: float | None) -> bool:
        """Wait until the server runs. Returns whether it was started, and did not run already."""
        start = self._passing.servers.start(self._user, self._request.token, gone=gone)
        seconds = None if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            async with asyncio.timeout(seconds), aclosing(start.follow()) as events:
                async for event in events:
                    self._last = event.message
                    if self.reports is not None:
                        self.reports.put_nowait(event)
        except TimeoutError as error:
            message = SLOW.format(message=self._last, seconds=5)
            raise Failed(503, "server_starting", message, 5) from error
        except ServerFailed as failure:
            raise failed_start(failure) from failure
        if start.anew:
            self._passing.saw(self._user)  # by the Hub, which waits until it answers
        return start.anew


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
