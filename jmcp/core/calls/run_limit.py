"""How many runs of one session may go on or wait at a time."""

from __future__ import annotations

from jmcp.core.calls.call import Caller
from jmcp.core.calls.tool import Tool
from jmcp.core.runs.index import RunIndex
from jmcp.core.sentences import SessionLimit
from jmcp.core.sessions.records import SessionRecord


class RunLimit:
    """The gate for tools that run code."""

    def __init__(self, errors: SessionLimit, runs: RunIndex, *, limit: int) -> None:
        self._errors = errors
        self._runs = runs
        self._limit = limit

    def admit(self, tool: Tool, caller: Caller) -> None:
        """Does nothing: the session is not known yet."""

    def admit_session(self, tool: Tool, record: SessionRecord) -> None:
        """Raises session_limit."""
        runs_code = tool.on_disconnect is not None
        if runs_code and self._runs.under_way(record.owner, record.session_id) >= self._limit:
            raise self._errors.runs(limit=self._limit)
