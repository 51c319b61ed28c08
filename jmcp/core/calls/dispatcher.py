"""The one path of a call: decode, find the session, run the handler, render.

Every surface goes through `Dispatcher.call`; nothing else decides what a tool does.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Unpack
from weakref import WeakValueDictionary

from jmcp.core.activity.calls import OWN_TOOL
from jmcp.core.activity.following import Following
from jmcp.core.background import end, run_each
from jmcp.core.calls.arguments import Arguments
from jmcp.core.calls.call import Caller, KernelStatus, Outcome, UnknownToolError
from jmcp.core.calls.gate import Gate
from jmcp.core.calls.model import Params, Result
from jmcp.core.calls.rendering import Texts
from jmcp.core.calls.run_limit import RunLimit
from jmcp.core.calls.shared_calls import SharedCalls
from jmcp.core.calls.tool import Api, Tool
from jmcp.core.errors import ENDS_TASK, BackendError, StateUnavailable, ToolError
from jmcp.core.kernels.status import kernel_status
from jmcp.core.notices import NotebookOpened, RunAbandoned, SessionNotStored, SessionShared
from jmcp.core.observe.events import CallEvent, masked, session_key
from jmcp.core.server import Server, ServerParts
from jmcp.core.sessions.readings.tags import tag_of
from jmcp.core.sessions.records import SessionRecord
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.shared_session import SharedSession
from jmcp.core.sessions.workspace import Workspace
from jmcp.core.watching.notebook_watch import Subscription

log = logging.getLogger("jmcp")

Discard = Callable[..., Coroutine[Any, Any, None]]


class Dispatcher(Server):
    """A server that runs tools.

    `gates` may refuse a call, in this order, after the permissions. `strict` turns an error that a
    tool did not declare into `internal_error`, so that tests meet it; otherwise it is logged and
    passed on, because it tells the caller more. With `shared`, calls without a session_id share a
    session, which `first_caller` gets at the start. The rest is as `Server` has it.
    """

    def __init__(
        self,
        *,
        api: Api,
        handlers: Any,
        gates: Sequence[Gate] = (),
        strict: bool = False,
        shared: SharedSession | None = None,
        first_caller: Caller | None = None,
        **parts: Unpack[ServerParts],
    ) -> None:
        super().__init__(api=api, **parts)
        self._handlers = handlers
        self._arguments = Arguments(api.policy)
        self._texts = Texts(api.texts, api.policy.phrases)
        limit = RunLimit(
            api.policy.errors.session_limit, self.runs.index, limit=api.policy.runs_per_session
        )
        self._gates = (self.permissions, *gates, limit)
        self._strict = strict
        self.shared_calls: SharedCalls | None = None
        if shared is not None:
            self.shared_calls = SharedCalls(self.services, shared, self.call)
        self._first_caller = first_caller
        self._opening: asyncio.Task[None] | None = None
        # A lock lives as long as a call holds or awaits it.
        self._exclusive: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def start(self) -> None:
        await super().start()
        calls, caller = self.shared_calls, self._first_caller
        if calls is not None and calls.shared.notebook is not None and caller is not None:
            self._opening = asyncio.create_task(calls.at_start(caller), name="jmcp-notebook")

    async def share(self, shared: SharedSession, caller: Caller) -> None:
        """From now on, calls without a session_id share a session that begins with that notebook;
        it is opened now. Raises ToolError."""
        await end(self._opening)
        if self.shared_calls is None:
            self.shared_calls = SharedCalls(self.services, shared, self.call)
        self.shared_calls.shared = shared
        await self.shared_calls.open(caller)

    async def close(self) -> None:
        await run_each(partial(end, self._opening), super().close)

    async def call(self, name: str, arguments: dict[str, Any], caller: Caller) -> Outcome:
        """Run one tool. Every failure but an unknown name is an Outcome with an error."""
        tool = self.api.tools.get(name)
        if tool is None:
            raise UnknownToolError(name)
        call = CallEvent(
            tool=name,
            owner=caller.owner,
            request_id=caller.request_id,
            arguments=arguments,
            client=caller.client,
            user=caller.user,
        )
        self.activity.calls.on_call_began(call)
        began = time.monotonic()
        try:
            outcome = await self._answered(tool, arguments, caller, call)
            if outcome.error is None:
                call.outcome = "ok"
            else:
                call.outcome, call.error = outcome.error.code, outcome.error.message
            call.result = outcome.result
            return outcome
        finally:
            call.seconds = time.monotonic() - began
            for observer in self._observers:
                observer.on_call(call)

    async def kernel_status(self, caller: Caller) -> KernelStatus:
        """As `Calls.kernel_status`."""
        try:
            if self.shared_calls is not None:
                session_id = self.shared_calls.session_id(caller)
                record = await self.sessions.get(caller.owner, session_id)
            else:
                record = next(iter(await self.sessions.of_owner(caller.owner)), None)
        except StateUnavailable:
            return "error"
        held = record.notebooks.get(record.current or "") if record is not None else None
        return await kernel_status(held, self.kernels)

    async def watch(
        self,
        path: str,
        cell_id: str | None,
        caller: Caller,
        *,
        tell: Callable[[], Awaitable[None]],
        reachable: Callable[[], bool | None],
    ) -> Subscription:
        """As `Calls.watch`."""
        try:
            ref = await self.documents.identify(path)
            return await self.watches.add(ref, cell_id, caller, tell=tell, reachable=reachable)
        except BackendError as error:
            raise self.api.policy.backend_errors[error.kind](
                error.message, **error.details
            ) from error

    def follow(self, arguments: dict[str, Any], caller: Caller) -> Following:
        """As `Calls.follow`."""
        tool = self.api.tools[OWN_TOOL]
        self.gate.admit(tool)
        for gate in self._gates:
            gate.admit(tool, caller)
        params: Any = self._arguments.decode(tool, arguments)
        return Following(
            self.activity, caller, everyone=params.owners == "all", contents=params.contents
        )

    async def _answered(
        self, tool: Tool, arguments: dict[str, Any], caller: Caller, call: CallEvent
    ) -> Outcome:
        try:
            async with self.gate.call():
                return await self._outcome(tool, arguments, caller, call)
        except TimeoutError:
            return self._failed(tool, self.gate.expired(tool), call)

    async def _outcome(
        self, tool: Tool, arguments: dict[str, Any], caller: Caller, call: CallEvent
    ) -> Outcome:
        try:
            self.gate.admit(tool)
            for gate in self._gates:
                gate.admit(tool, caller)
            params = self._arguments.decode(tool, arguments)
            return await self._run(tool, params, caller, call)
        except ToolError as error:
            return self._failed(tool, error, call)
        except StateUnavailable as error:
            # Before the work: what comes after it goes on without the store.
            refused = self.api.policy.errors.state_unavailable.not_begun
            return self._failed(tool, refused(reason=error.message, tool=tool.name), call)
        except BackendError as error:
            mapped = self.api.policy.backend_errors[error.kind]
            return self._failed(tool, mapped(error.message, **error.details), call)
        except ENDS_TASK:
            raise
        except BaseException as error:  # noqa: BLE001  the one edge where a bug becomes an answer
            return self._failed(tool, self._bug(tool, error, call), call)

    async def _run(self, tool: Tool, params: Params, caller: Caller, call: CallEvent) -> Outcome:
        workspace = Workspace(caller, self.services, self.call)
        handler = getattr(self._handlers, tool.handler)
        if tool.session == "none":
            if self.pauses.stops(tool):
                await self.pauses.admit_client(caller)
            result: Result = await handler(self._target(tool, params), workspace)
            return self._succeeded(tool, result, {}, workspace)
        async with AsyncExitStack() as stack:
            session = await self._session(tool, params, workspace, stack)
            record = session.record
            call.session = masked(record.session_id)
            call.session_key = session_key(record.owner, record.session_id)
            call.session_id = record.session_id
            for gate in self._gates:
                gate.admit_session(tool, session.record)
            await self.pauses.admit(tool, record, caller)
            stack.callback(session.close)
            try:
                result = await handler(self._target(tool, params), session)
                await session.look_for_tabs()
                session.tell_of_resumption()
                await self.sessions.update(
                    session.record,
                    session.changes,
                    session.notices.pending,
                    readings=session.unsaved_readings(),
                    losses=session.notices.losses,
                )
                session.complete_notices()
                if self.memory.is_short and (short := self.memory.first(session.record)):
                    session.notice(short)
                if reason := self.sessions.unstored(session.record):
                    session.notice(SessionNotStored(reason=reason))
                envelope = self._envelope(tool, params, session)
                outcome = self._succeeded(tool, result, envelope, workspace)
                session.acknowledge()
            except BaseException as error:
                self._abandon(tool, session, error)
                raise
            finally:
                call.notebook_path, call.edited = self._path(session), session.edited
        return outcome

    def _abandon(self, tool: Tool, session: Session, error: BaseException) -> None:
        """The call has no result: its notices and what it read are kept for the session's next
        call."""
        session.abandon(answered=isinstance(error, (ToolError, BackendError)))
        if session.notices.losses:
            lost = self.sessions.give_back(session.record, session.notices.losses)
            self.later(lost, f"after a failed {tool.name}")
        left = isinstance(error, asyncio.CancelledError)
        if left:
            self._left(tool, session)
        if not (left and tool.session == "required") and (readings := session.unsaved_readings()):
            # What it has read and changed before it failed, other calls know already.
            self.sessions.note(session.record, readings)

    def _left(self, tool: Tool, session: Session) -> None:
        """The caller is gone: its runs go on or end, as the tool declares.

        This is done in a task of its own, because the call's task is being cancelled and cannot
        wait.
        """

        async def afterwards() -> None:
            if tool.session == "required":
                # What the call has read and opened is known, whoever waits for its result.
                await self.sessions.update(
                    session.record, session.changes, readings=session.unsaved_readings()
                )
            if tool.on_disconnect == "interrupt":
                for run in session.submitted:
                    await self.runs.cancel(run, RunAbandoned())

        self.later(afterwards(), f"after a cancelled {tool.name}")

    async def _session(
        self, tool: Tool, params: Params, workspace: Workspace, stack: AsyncExitStack
    ) -> Session:
        asked: str | None = getattr(params, "session_id", None)
        caller, shared = workspace.caller, self.shared_calls if not asked else None
        opened = False
        if shared is not None:
            asked = shared.session_id(caller)
        if tool.session == "opens" and asked:
            # Of calls that open a session of one id at once, one does.
            await stack.enter_async_context(self._lock(caller.owner, asked))
        if tool.session == "opens":
            record = await self.sessions.get(caller.owner, asked) if asked else None
            if record is None:
                session = await self._opened(asked, workspace, stack)
                return self._shared(session, caller) if shared is not None else session
        elif shared is not None:
            record, opened = await shared.session(caller)
        else:
            notebook_path: str | None = getattr(params, "notebook_path", None)
            record = await self.sessions.find(tool, asked, notebook_path, caller)
        if tool.session != "opens" and tool.access == "exclusive":
            lock = self._lock(record.owner, record.session_id)
            await stack.enter_async_context(lock)
        if tool.access == "exclusive":
            await self.sessions.require_store(record)
            # What the call before this one on the session did may matter to it.
            record = await self.sessions.find(tool, record.session_id, None, caller)
        session = Session(record, workspace, self.services)
        if tool.session == "opens":
            mine = await self.sessions.of_owner(caller.owner)
            session.closed_notebooks = self.pauses.closed_notebooks(caller, mine)
        if shared is not None:
            self._shared(session, caller, opened=opened)
        return session

    def _shared(self, session: Session, caller: Caller, *, opened: bool = False) -> Session:
        """The session of a call that named none, whose client is told so once."""
        session.shared = True
        if self.shared_calls is not None and self.shared_calls.told.first(caller):
            session.notice(SessionShared())
        if opened and (held := session.record.notebooks.get(session.record.current or "")):
            session.notice(NotebookOpened(path=held.ref.path))
        return session

    def _lock(self, owner: str, session_id: str) -> asyncio.Lock:
        """The lock of a session: of the calls that change it, one at a time holds this."""
        return self._exclusive.setdefault((owner, session_id), asyncio.Lock())

    async def _opened(
        self, asked: str | None, workspace: Workspace, stack: AsyncExitStack
    ) -> Session:
        """A new session, discarded again when the handler fails or the call is cancelled."""
        caller = workspace.caller
        mine = await self.sessions.of_owner(caller.owner)
        record, new = await self.sessions.open(caller, asked)
        if new:
            stack.push_async_exit(self._discard(record))
        session = Session(record, workspace, self.services)
        session.closed_notebooks = self.pauses.closed_notebooks(caller, mine)
        session.beside_others = bool(caller.connection) and any(
            other.connection == caller.connection for other in mine
        )
        return session

    def _discard(self, record: SessionRecord) -> Discard:
        """Removes a session that was opened for a call which then did not succeed."""

        async def afterwards() -> None:
            async with self._lock(record.owner, record.session_id):
                await self.sessions.discard(record)

        async def discard(kind: type[BaseException] | None, *_: object) -> None:
            if kind is not None and issubclass(kind, asyncio.CancelledError):
                self.later(afterwards(), "after a cancelled opening")
            elif kind is not None:
                await self.sessions.discard(record)

        return discard

    def _target(self, tool: Tool, params: Params) -> Params:
        """The params of the handler: an alias's own, renamed and with its presets."""
        if tool.handler == tool.name:
            return params
        given = params.model_dump(exclude_unset=True)
        renamed = {tool.renames.get(name, name): value for name, value in given.items()}
        target = self.api.tools[tool.handler]
        return self._arguments.decode(target, renamed | dict(tool.presets))

    def _envelope(self, tool: Tool, params: Params, session: Session) -> dict[str, Any]:
        """What a result says of its session, without what the call itself named."""
        record, path = session.record, self._path(session)
        named = getattr(params, "session_id", None) is not None
        asked = getattr(params, "notebook_path", None)
        envelope: dict[str, Any] = {}
        # A session that was opened for a call which then opened no notebook is none.
        if not session.closed if tool.session == "opens" else not named:
            envelope["session_id"] = record.session_id
        if "notebook_path" not in tool.result.model_fields and (
            tool.text_name in self._texts.with_path
            or (path != asked and (asked or not named or len(record.notebooks) > 1))
        ):
            envelope["notebook_path"] = path
        if session.document == "file":
            envelope["document"] = "file"
        if session.notices.entries:
            envelope["notices"] = session.notices.entries
        return envelope

    def _path(self, session: Session) -> str | None:
        held = session.touched or session.record.notebooks.get(session.record.current or "")
        return held.ref.path if held else None

    def _succeeded(
        self, tool: Tool, result: Result, envelope: dict[str, Any], workspace: Workspace
    ) -> Outcome:
        text = self._texts.result(tool.text_name, vars(result) | envelope)
        data = result.dump() | envelope
        for table in tool.tables:
            table.put_into(data)
        return Outcome(
            tool=tool.name,
            text=text,
            result=data,
            images=tuple(workspace.images),
            content=workspace.content,
            links=tuple(workspace.links),
            view=workspace.viewed,
            tag=tag_of(workspace.tagged) if workspace.tagged is not None else None,
        )

    def _failed(self, tool: Tool, error: ToolError, call: CallEvent) -> Outcome:
        declared = (*tool.errors, *self.api.policy.session_errors)
        if not isinstance(error, declared):
            log.error("%s raised %s, which its spec does not declare", tool.name, error.code)
            if self._strict:
                error = self._bug(tool, error, call)
        return Outcome(tool=tool.name, text=self._texts.error(error), error=error)

    def _bug(self, tool: Tool, error: BaseException, call: CallEvent) -> ToolError:
        """The error for a failure inside jmcp, or inside the package that brings the tool. The
        traceback is logged under the call's id; the caller gets only that id, because a traceback may
        contain anything."""
        reference, internal = call.request_id, self.api.policy.errors.internal_error
        if tool.package:
            log.error("bug %s in %s of %s", reference, tool.name, tool.package, exc_info=error)
            return internal.of_package(tool=tool.name, package=tool.package, reference=reference)
        log.error("bug %s in %s", reference, tool.name, exc_info=error)
        return internal.bug(tool=tool.name, reference=reference)
