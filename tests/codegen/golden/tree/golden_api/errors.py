"""Every error that a tool can raise. Each has a constructor for each of its sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from jmcp.core.errors import ToolError
from jmcp.core.wording import counted, listed, word


class InvalidArguments(ToolError):
    """The arguments do not fit."""

    code = "invalid_arguments"
    http = 400
    fault = "client"
    retry = "never"

    @classmethod
    def refused(cls, *, tool: str, shown: str, problems: Sequence[str]) -> Self:
        return cls(f"{tool}: {shown}", problems=problems)

    @classmethod
    def refused_with_more(
        cls, *, tool: str, shown: str, more: int, problems: Sequence[str]
    ) -> Self:
        return cls(f"{tool}: {shown} and {more} more.", problems=problems)

    @classmethod
    def reserved(cls, *, session_id: str, param: str) -> Self:
        return cls(f"{session_id} is reserved.", param=param)

    @classmethod
    def misplaced(cls, *, shown: Sequence[str]) -> Self:
        return cls(f"{listed(shown, '; ')}.")

    @classmethod
    def nothing_to_delete(cls, *, session_id: str) -> Self:
        return cls(f"{session_id} is none.")


class SessionRequired(ToolError):
    """Which session?"""

    code = "session_required"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def none_open(cls, *, sessions: Sequence[Mapping[str, Any]]) -> Self:
        return cls("There is none.", sessions=sessions)

    @classmethod
    def several_open(cls, *, known: Sequence[str], sessions: Sequence[Mapping[str, Any]]) -> Self:
        return cls(f"There are {listed(known, '; ')}.", sessions=sessions)

    @classmethod
    def none_shared(cls, *, sessions: Sequence[Mapping[str, Any]]) -> Self:
        return cls("There is none of all.", sessions=sessions)

    @classmethod
    def not_opened(cls, *, path: str, reason: str, sessions: Sequence[Mapping[str, Any]]) -> Self:
        return cls(f"{path} was not opened: {reason}", sessions=sessions)


class SessionNotFound(ToolError):
    """No such session."""

    code = "session_not_found"
    http = 404
    fault = "client"
    retry = "never"

    @classmethod
    def none_open(cls, *, sessions: Sequence[Mapping[str, Any]]) -> Self:
        return cls("There is none.", sessions=sessions)

    @classmethod
    def several_open(cls, *, known: Sequence[str], sessions: Sequence[Mapping[str, Any]]) -> Self:
        return cls(f"There are {listed(known, '; ')}.", sessions=sessions)

    @classmethod
    def unknown(
        cls, *, name: str, known: Sequence[str], sessions: Sequence[Mapping[str, Any]]
    ) -> Self:
        return cls(
            f'No session is called {name!r};\nyou have {listed(known, " or ", none="none")}. {{Braces}} and "quotes" are kept.',
            sessions=sessions,
        )


class NotPermitted(ToolError):
    """Not allowed."""

    code = "not_permitted"
    http = 403
    fault = "client"
    retry = "never"

    @classmethod
    def tool(
        cls, *, tool: str, tools: Sequence[str], needs: str | None, scopes: Sequence[str]
    ) -> Self:
        return cls(
            f"{tool} is not; {listed(tools, ', ', none='nothing')} is.",
            needs=needs,
            scopes=scopes,
            tools=tools,
        )

    @classmethod
    def read_only(
        cls, *, what: str, needs: str, tools: Sequence[str], scopes: Sequence[str]
    ) -> Self:
        return cls(
            f"{what} needs {needs}; {listed(tools, ', ', none='nothing')} does not.",
            needs=needs,
            scopes=scopes,
            tools=tools,
        )

    @classmethod
    def scope(
        cls,
        *,
        what: str,
        needs: str,
        given: Sequence[str],
        tools: Sequence[str],
        scopes: Sequence[str],
    ) -> Self:
        return cls(
            f"{what} needs {needs}, not {listed(given, ', ', none='none')}; {listed(tools, ', ', none='nothing')} does not.",
            needs=needs,
            scopes=scopes,
            tools=tools,
        )


class RateLimited(ToolError):
    """Too many calls."""

    code = "rate_limited"
    http = 429
    fault = "client"
    retry = "later"

    @classmethod
    def caller(cls, *, rate: float, retry_after: float) -> Self:
        return cls(f"{rate:g} a second; wait {retry_after:g} s.", retry_after=retry_after)

    @classmethod
    def session(cls, *, rate: float, retry_after: float) -> Self:
        return cls(f"{rate:g} a second; wait {retry_after:g} s.", retry_after=retry_after)


class PausedByPerson(ToolError):
    """Somebody paused it."""

    code = "paused_by_person"
    http = 409
    fault = "client"
    retry = "later"

    @classmethod
    def session(cls, *, notebook_paths: Sequence[str]) -> Self:
        return cls("Paused.", notebook_paths=notebook_paths)

    @classmethod
    def opening(cls, *, notebook_paths: Sequence[str]) -> Self:
        return cls(f"{listed(notebook_paths, ', ')} is.", notebook_paths=notebook_paths)

    @classmethod
    def client(cls, *, notebook_paths: Sequence[str]) -> Self:
        return cls(f"{listed(notebook_paths, ', ')} are.", notebook_paths=notebook_paths)


class SessionLimit(ToolError):
    """Too many sessions."""

    code = "session_limit"
    http = 429
    fault = "client"
    retry = "later"

    @classmethod
    def sessions(cls, *, count: int, limit: int) -> Self:
        return cls(f"{count} of {limit}.")

    @classmethod
    def notebooks(cls, *, limit: int) -> Self:
        return cls(f"{limit}.")

    @classmethod
    def runs(cls, *, limit: int) -> Self:
        return cls(f"{limit} runs.")

    @classmethod
    def subscriptions(cls, *, limit: int) -> Self:
        return cls(f"{limit}.")

    @classmethod
    def followers(cls, *, limit: int) -> Self:
        return cls(f"{limit}.")

    @classmethod
    def scripts(cls, *, limit: int) -> Self:
        return cls(f"{limit}.")


class NotebookNotOpen(ToolError):
    """Not open."""

    code = "notebook_not_open"
    http = 404
    fault = "client"
    retry = "never"

    @classmethod
    def not_held(cls, *, asked: str, notebooks: Sequence[str]) -> Self:
        return cls(f"Not {asked}; {listed(notebooks, ', ', none='none')}.", notebooks=notebooks)

    @classmethod
    def no_current(cls, *, notebooks: Sequence[str]) -> Self:
        return cls(f"None; {listed(notebooks, ', ', none='none')}.", notebooks=notebooks)


class StateUnavailable(ToolError):
    """It forgets."""

    code = "state_unavailable"
    http = 503
    fault = "server"
    retry = "later"

    @classmethod
    def not_begun(cls, *, tool: str, reason: str) -> Self:
        return cls(f"{tool} was not begun: {reason}.")


class ServerStopping(ToolError):
    """It stops."""

    code = "server_stopping"
    http = 503
    fault = "server"
    retry = "later"

    @classmethod
    def not_begun(cls, *, tool: str) -> Self:
        return cls(f"{tool} was not begun.")

    @classmethod
    def not_finished(cls, *, tool: str) -> Self:
        return cls(f"{tool} was not finished.")


class InternalError(ToolError):
    """A bug."""

    code = "internal_error"
    http = 500
    fault = "server"
    retry = "never"

    @classmethod
    def bug(cls, *, tool: str, reference: str) -> Self:
        return cls(f"A bug in {tool}: {reference}.", reference=reference)

    @classmethod
    def of_package(cls, *, tool: str, package: str, reference: str) -> Self:
        return cls(f"A bug in {tool} of {package}: {reference}.", reference=reference)


class CellNotFound(ToolError):
    """No such cell."""

    code = "cell_not_found"
    http = 404
    fault = "client"
    retry = "never"

    @classmethod
    def index(cls, *, cell_count: int, size: int, count: int, index: int) -> Self:
        return cls(
            f"There are {counted(cell_count, 'cell', 'cells')}, {size:,} bytes of {word(count, 'it', 'them')}; {index} is none.",
            cell_count=cell_count,
        )

    @classmethod
    def removed(cls, *, cell_count: int, source: str) -> Self:
        return cls("It was removed.", cell_count=cell_count, source=source)


ERRORS: Mapping[str, type[ToolError]] = {
    error.code: error
    for error in (
        InvalidArguments,
        SessionRequired,
        SessionNotFound,
        NotPermitted,
        RateLimited,
        PausedByPerson,
        SessionLimit,
        NotebookNotOpen,
        StateUnavailable,
        ServerStopping,
        InternalError,
        CellNotFound,
    )
}
"""All of them, by code."""
