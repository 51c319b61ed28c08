"""Asking the person at an MCP client before a call ends what others run.

Such a call is refused first, with nothing done. Where the client can ask its user a question
(elicitation), that happens here, and the call is made again with what was agreed to; elsewhere
the refusal is the answer. The question is for what ran when it was asked: what others have begun
since is asked about again.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import ValidationError

from jmcp.core.calls.call import Outcome
from jmcp.core.calls.confirmation import listed, marks
from jmcp.core.calls.tool import CONFIRMATION_REQUIRED, Api
from jmcp.core.errors import ToolError

QUESTION_SECONDS = 120.0
"""A question waits so long for its answer. Nothing is held meanwhile: neither the kernel nor a lock."""
MOST_QUESTIONS = 3
"""Of one call, where others begin something each time while it is asked."""
QUESTION = "confirm"
"""The key of the question among the input requests of a result."""
NOTHING_TO_FILL_IN: dict[str, Any] = {"type": "object", "properties": {}}
"""The form of the question: accepting it is the answer."""
Context = ServerRequestContext[Any, Any]
Call = Callable[[frozenset[str]], Awaitable[Outcome]]
"""Makes the call, with what the person has agreed to."""
log = logging.getLogger("jmcp")


def can_ask(capabilities: object) -> bool:
    """Whether a client with these capabilities, as it sent them, asks its user questions with forms."""
    elicitation = capabilities.get("elicitation") if isinstance(capabilities, Mapping) else None
    if not isinstance(elicitation, Mapping):
        return False
    # Before there were questions by URL, an empty object meant forms.
    return "form" in elicitation or "url" not in elicitation


class Confirmations:
    """The questions of one server."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def settled(
        self, context: Context, params: types.CallToolRequestParams, call: Call
    ) -> Outcome | types.InputRequiredResult:
        """The outcome of a call, which is asked about first where that is called for and the client
        can."""
        if not _can_ask(context):
            return await call(frozenset())
        if context.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS:
            return await self._asked(context, call)
        return await self._retried(params, call)

    # -- over the connection, in the handshake era -----------------------------------------------

    async def _asked(self, context: Context, call: Call) -> Outcome:
        agreed: frozenset[str] = frozenset()
        for _ in range(MOST_QUESTIONS):
            outcome = await call(agreed)
            refusal = outcome.error
            if refusal is None or refusal.code != CONFIRMATION_REQUIRED:
                return outcome
            try:
                action = await self._action(context, refusal)
            except (MCPError, ValidationError) as error:
                if isinstance(error, MCPError) and error.code == types.REQUEST_TIMEOUT:
                    return self._unanswered(outcome.tool, refusal.details)
                log.warning("A client that says it can ask its user could not.", exc_info=True)
                return outcome
            if action != "accept":
                return self._declined(outcome.tool, refusal.details)
            agreed |= marks(refusal.details["runs"])
        return outcome

    async def _action(self, context: Context, refusal: ToolError) -> str:
        """Raises MCPError, with the code REQUEST_TIMEOUT where nobody answered in time."""
        answer = await context.session.send_request(
            self._question(refusal),
            types.ElicitResult,
            request_read_timeout_seconds=QUESTION_SECONDS,
            # On the stream of the call: another one need not be open.
            metadata=ServerMessageMetadata(related_request_id=context.request_id),
        )
        return answer.action

    # -- in results that ask for input, in revisions without sessions ----------------------------

    async def _retried(
        self, params: types.CallToolRequestParams, call: Call
    ) -> Outcome | types.InputRequiredResult:
        """The client makes the call again with the answer, and with what was asked as it got it.

        Raises MCPError where that is not as it was made: asked once more, such a client would never
        come to an end.
        """
        state = params.request_state
        asked = None if state is None else _asked_before(state)
        if asked is None and state is not None:
            text = self._api.policy.phrases.request_state_unknown()
            raise MCPError(code=types.INVALID_PARAMS, message=text)
        answer = (params.input_responses or {}).get(QUESTION)
        agreed: frozenset[str] = frozenset()
        if asked is not None and isinstance(answer, types.ElicitResult):
            if time.time() - asked.at > QUESTION_SECONDS:
                return self._unanswered(params.name, asked.details)
            if answer.action != "accept":
                return self._declined(params.name, asked.details)
            agreed = marks(asked.details["runs"])
        outcome = await call(agreed)
        refusal = outcome.error
        if refusal is None or refusal.code != CONFIRMATION_REQUIRED:
            return outcome
        return types.InputRequiredResult(
            input_requests={QUESTION: self._question(refusal)},
            request_state=json.dumps({"at": time.time(), **refusal.details}),
        )

    # -- both ------------------------------------------------------------------------------------

    def _question(self, refusal: ToolError) -> types.ElicitRequest:
        details, phrases = refusal.details, self._api.policy.phrases
        message = phrases.confirm_question(
            action=details["action"],
            path=details["path"],
            others=listed(details["runs"], phrases),
        )
        form = types.ElicitRequestFormParams(message=message, requested_schema=NOTHING_TO_FILL_IN)
        return types.ElicitRequest(params=form)

    def _declined(self, tool: str, asked: Mapping[str, Any]) -> Outcome:
        return self._failed(
            tool, self._api.confirmation.declined(action=asked["action"], path=asked["path"])
        )

    def _unanswered(self, tool: str, asked: Mapping[str, Any]) -> Outcome:
        unanswered = self._api.confirmation.unanswered(
            seconds=QUESTION_SECONDS, action=asked["action"], path=asked["path"]
        )
        return self._failed(tool, unanswered)

    def _failed(self, tool: str, error: ToolError) -> Outcome:
        phrases = self._api.policy.phrases
        text = phrases.error_lines(message=error.message, code=error.code)
        return Outcome(tool=tool, text=text, error=error)


def _can_ask(context: Context) -> bool:
    known = context.session.client_capabilities
    sent = None if known is None else known.model_dump(by_alias=True, exclude_none=True)
    return can_ask(sent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client was asked, and when, in seconds since the epoch; `details` are the refusal's."""

    at: float
    details: Mapping[str, Any]


def _asked_before(state: str) -> Asked | None:
    """What the client brings back of its first call; None where that is not as it was made.

    It is not sealed: whoever writes one says no more with it than `confirm: true` says.
    """
    try:
        found = json.loads(state)
        at, action, path = float(found["at"]), str(found["action"]), str(found["path"])
        runs = [{key: str(value) for key, value in row.items()} for row in found["runs"]]
        marks(runs)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return Asked(at=at, details={"action": action, "path": path, "runs": runs})
