"""What the generated clients inherit: one for programs with an event loop, one for those without."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from jmcp.client.answer import Answer, OnProgress
from jmcp.client.background_loop import BackgroundLoop, Tell
from jmcp.client.calls import Calls
from jmcp.client.connection import SILENCE_SECONDS, Connection
from jmcp.client.failures import AnswerUnreadable, Phrases
from jmcp.client.result import ClientResult
from jmcp.client.server import wanted_servers
from jmcp.client.tool import ClientTool
from jmcp.core.errors import ToolError

R = TypeVar("R", bound=ClientResult)


class _Tools:
    """What both have. Generated code declares the tools, the errors and the sentences.

    Without `url` and `root_dir` it finds the server of this user that runs on the folder which the
    program works in, as `jmcp connect` does; JMCP_URL, JMCP_ROOT_DIR and JMCP_TOKEN name another.
    `session_id` is the session of all calls that name none; without it, the one that a call opens.
    After `silence_seconds` without a sign of the server a call counts as lost.
    """

    _tools: ClassVar[Mapping[str, ClientTool]]
    _errors: ClassVar[Mapping[str, type[ToolError]]]
    _phrases: ClassVar[Phrases]

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        root_dir: Path | str | None = None,
        session_id: str | None = None,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        """Nothing is sent yet. Raises ServeError where these name no server."""
        connection = Connection(
            wanted_servers(url, token=token, root_dir=root_dir),
            token=token,
            errors=self._errors,
            phrases=self._phrases,
            silence_seconds=silence_seconds,
        )
        self._calls = Calls(connection, session_id)

    @property
    def session_id(self) -> str | None:
        """The session of calls that name none."""
        return self._calls.session_id

    @session_id.setter
    def session_id(self, session_id: str | None) -> None:
        self._calls.session_id = session_id

    def _result(self, kind: type[R], name: str, answer: Answer) -> R:
        try:
            return kind.model_of_answer(answer)
        except ValueError as error:
            sentence = self._phrases.answer_unreadable(tool=name, reason=str(error))
            raise AnswerUnreadable(sentence) from error


class AsyncTools(_Tools):
    """Calls within an event loop. A call that is cancelled is cancelled on the server too."""

    async def call_tool(
        self, name: str, arguments: Mapping[str, Any], on_progress: OnProgress | None = None
    ) -> Answer:
        """Call a tool by its name, for its result as JSON data. Raises KeyError for no tool."""
        return await self._calls.call(self._tools[name], arguments, on_progress)

    async def _call(
        self,
        kind: type[R],
        name: str,
        arguments: Mapping[str, Any],
        on_progress: OnProgress | None = None,
    ) -> R:
        return self._result(kind, name, await self.call_tool(name, arguments, on_progress))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing is left open: sessions and their kernels go on, until `unuse_notebook`."""


class Tools(_Tools):
    """Calls that wait, also in a notebook's cell. A call that is interrupted (Ctrl-C) is cancelled
    on the server too."""

    @cached_property
    def _loop(self) -> BackgroundLoop:
        return BackgroundLoop()

    def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any],
        on_progress: OnProgress | None = None,
    ) -> Answer:
        """Call a tool by its name, for its result as JSON data. Raises KeyError for no tool."""
        tool = self._tools[name]

        async def begin(tell: Tell) -> Answer:
            return await self._calls.call(tool, arguments, None if on_progress is None else tell)

        return self._loop.run(begin, on_progress)

    def _call(
        self,
        kind: type[R],
        name: str,
        arguments: Mapping[str, Any],
        on_progress: OnProgress | None = None,
    ) -> R:
        return self._result(kind, name, self.call_tool(name, arguments, on_progress))

    def close(self) -> None:
        """End the thread that makes the calls. Sessions and their kernels go on."""
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
