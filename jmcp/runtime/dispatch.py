"""The one path of a call: decode, find the session, run the handler, render.

Every surface goes through `Dispatcher.call`; nothing else decides what a tool does.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any
from weakref import WeakValueDictionary

from jmcp.runtime.arguments import Arguments
from jmcp.runtime.backend import Documents, Kernels
from jmcp.runtime.call import Caller, Outcome
from jmcp.runtime.errors import BackendError, ToolError
from jmcp.runtime.execution import Executions
from jmcp.runtime.model import Params, Result
from jmcp.runtime.render import Texts
from jmcp.runtime.session import Session, Workspace
from jmcp.runtime.sessions import SECONDS_PER_HOUR, Sessions
from jmcp.runtime.store import SessionRecord, Store
from jmcp.runtime.stores.memory import MemoryStore
from jmcp.runtime.tool import Api, Tool

log = logging.getLogger("jmcp")


class UnknownToolError(LookupError):
    """No tool has that name: a mistake in the protocol, not in the arguments."""


class Dispatcher:
    """Owns the sessions and the executions of one server.

    `strict` turns an error that a tool did not declare into `internal_error`, so that tests meet
    it; otherwise it is logged and passed on, because it tells the caller more.
    """

    def __init__(
        self,
        *,
        api: Api,
        handlers: Any,
        documents: Documents,
        kernels: Kernels,
        store: Store | None = None,
        strict: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.api = api
        self.documents = documents
        self.kernels = kernels
        self.executions = Executions(kernels)
        self._store = store or MemoryStore()
        self.sessions = Sessions(
            policy=api.policy,
            store=self._store,
            documents=documents,
            clock=clock,
            in_use=self.executions.in_use,
        )
        self._handlers = handlers
        self._arguments = Arguments(api.policy.errors["invalid_arguments"])
        self._texts = Texts(api.texts)
        self._strict = strict
        # A lock lives as long as a call holds or awaits it.
        self._exclusive: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Sweep expired sessions now, and every so often from now on."""
        self._sweeper = asyncio.create_task(self._sweep(), name="jmcp-sweep")

    async def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        await self.executions.close()
        await self.kernels.close()
        await self.documents.close()
        await self._store.close()

    async def _sweep(self) -> None:
        while True:
            await self.sessions.sweep()
            await asyncio.sleep(self.api.policy.sweep_hours * SECONDS_PER_HOUR)

    async def call(self, name: str, arguments: dict[str, Any], caller: Caller) -> Outcome:
        """Run one tool. Every failure but an unknown name is an Outcome with an error."""
        tool = self.api.tools.get(name)
        if tool is None:
            raise UnknownToolError(name)
        try:
            params = self._arguments.decode(tool, arguments)
            return await self._run(tool, params, caller)
        except ToolError as error:
            return self._failed(tool, error)
        except BackendError as error:
            mapped = self.api.policy.backend_errors[error.kind]
            return self._failed(tool, mapped(error.message, **error.details))
        except Exception as error:  # noqa: BLE001  the one edge where a bug becomes an answer
            return self._failed(tool, self._bug(tool, error))

    async def _run(self, tool: Tool, params: Params, caller: Caller) -> Outcome:
        workspace = Workspace(
            caller=caller,
            policy=self.api.policy,
            documents=self.documents,
            kernels=self.kernels,
            executions=self.executions,
            sessions=self.sessions,
        )
        handler = getattr(self._handlers, tool.handler)
        if tool.session == "none":
            result: Result = await handler(self._target(tool, params), workspace)
            return self._succeeded(tool, result.dump(), workspace)
        async with AsyncExitStack() as stack:
            session = await self._session(tool, params, workspace, stack)
            result = await handler(self._target(tool, params), session)
            await self.sessions.update(session.record, session.changes)
        return self._succeeded(tool, result.dump() | self._envelope(session), workspace)

    async def _session(
        self, tool: Tool, params: Params, workspace: Workspace, stack: AsyncExitStack
    ) -> Session:
        asked: str | None = getattr(params, "session_id", None)
        caller = workspace.caller
        if tool.session == "opens":
            record = await self.sessions.get(caller.owner, asked) if asked else None
            if record is None:
                return await self._opened(asked, workspace, stack)
        else:
            notebook_path: str | None = getattr(params, "notebook_path", None)
            record = await self.sessions.find(tool, asked, notebook_path, caller)
        if tool.access == "exclusive":
            key = (record.owner, record.session_id)
            await stack.enter_async_context(self._exclusive.setdefault(key, asyncio.Lock()))
            # What the call before this one on the session did may matter to it.
            record = await self.sessions.find(tool, record.session_id, None, caller)
        return Session(record, workspace)

    async def _opened(
        self, asked: str | None, workspace: Workspace, stack: AsyncExitStack
    ) -> Session:
        """A new session, discarded again when the handler fails or the call is cancelled."""
        caller = workspace.caller
        mine = await self.sessions.of_owner(caller.owner)
        record = await self.sessions.open(caller, asked)
        stack.push_async_exit(_Discard(self.sessions, record))
        session = Session(record, workspace)
        if caller.connection and any(other.connection == caller.connection for other in mine):
            session.notice("session_opened")
        return session

    def _target(self, tool: Tool, params: Params) -> Params:
        """The params of the handler: an alias's own, renamed and with its presets."""
        if tool.handler == tool.name:
            return params
        given = params.model_dump(exclude_unset=True)
        renamed = {tool.renames.get(name, name): value for name, value in given.items()}
        target = self.api.tools[tool.handler]
        return self._arguments.decode(target, renamed | dict(tool.presets))

    def _envelope(self, session: Session) -> dict[str, Any]:
        held = session.touched or session.record.notebooks.get(session.record.current or "")
        return {
            "session_id": session.record.session_id,
            "notebook_path": held.ref.path if held else None,
            "document": session.document,
            "notices": session.notices,
        }

    def _succeeded(self, tool: Tool, data: dict[str, Any], workspace: Workspace) -> Outcome:
        text = self._texts.result(tool.result.__name__, data)
        return Outcome(tool=tool.name, text=text, result=data, images=tuple(workspace.images))

    def _failed(self, tool: Tool, error: ToolError) -> Outcome:
        declared = (*tool.errors, *self.api.policy.errors.values())
        if not isinstance(error, declared):
            log.error("%s raised %s, which its spec does not declare", tool.name, error.code)
            if self._strict:
                error = self._bug(tool, error)
        return Outcome(tool=tool.name, text=self._texts.error(error), error=error)

    def _bug(self, tool: Tool, error: Exception) -> ToolError:
        """Logged with an id; the caller gets the id only, for a traceback may hold anything."""
        reference = uuid.uuid4().hex[:12]
        log.error("bug %s in %s", reference, tool.name, exc_info=error)
        return self.api.policy.errors["internal_error"](
            f"{tool.name} failed because of a bug in jmcp. The server's log has it as {reference}.",
            reference=reference,
        )


class _Discard:
    """Removes a session that was opened for a call which then did not succeed."""

    def __init__(self, sessions: Sessions, record: SessionRecord) -> None:
        self._sessions = sessions
        self._record = record

    async def __call__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            await self._sessions.remove(self._record)
