"""Calls of tools by name, in the session that the client has opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from jmcp.client.answer import Answer, OnProgress
from jmcp.client.connection import Connection
from jmcp.client.tool import ClientTool

SESSION = "session_id"


class Calls:
    """Makes calls, and keeps the session that one of them has opened.

    `session_id` is given to every call in a session that names none itself. It is the session that a
    call has opened last, until that is ended.
    """

    def __init__(self, connection: Connection, session_id: str | None = None) -> None:
        self.connection = connection
        self.session_id = session_id

    async def call(
        self, tool: ClientTool, arguments: Mapping[str, Any], on_progress: OnProgress | None = None
    ) -> Answer:
        """The answer of a tool. Arguments that are None are not given.

        Raises ToolError, TransportError, and what `on_progress` raises.
        """
        given = {name: as_json(value) for name, value in arguments.items() if value is not None}
        own = None if SESSION in given or not (tool.opens or tool.in_session) else self.session_id
        answer = await self.connection.call(tool, _with(given, own), on_progress)
        self._keep(tool, given.get(SESSION, own), answer.result)
        return answer

    def _keep(self, tool: ClientTool, used: str | None, result: Mapping[str, Any]) -> None:
        if tool.opens:
            self.session_id = result.get(SESSION) or used or self.session_id
        elif result.get("session_ended") and self.session_id == used:
            self.session_id = None


def _with(arguments: dict[str, Any], session_id: str | None) -> dict[str, Any]:
    return arguments if session_id is None else {SESSION: session_id, **arguments}


class _Model(Protocol):
    def model_dump(self, *, mode: str, exclude_none: bool) -> dict[str, Any]: ...


def as_json(value: Any) -> Any:
    """An argument as JSON data: models become objects, tuples arrays."""
    if hasattr(value, "model_dump"):
        model: _Model = value
        return model.model_dump(mode="json", exclude_none=True)
    if isinstance(value, Mapping):
        return {name: as_json(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [as_json(inner) for inner in value]
    return value
