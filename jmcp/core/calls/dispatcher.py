"""The one path of a call: decode, find the session, run the handler, render.

Every surface goes through `Dispatcher.call`; nothing else decides what a tool does.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any
from weakref import WeakValueDictionary

from jmcp.core.calls.arguments import Arguments
from jmcp.core.calls.call import Caller, Outcome, UnknownToolError
from jmcp.core.calls.drain import Ending
from jmcp.core.calls.gate import Gate
from jmcp.core.calls.model import Params, Result
from jmcp.core.calls.permissions import Permissions
from jmcp.core.calls.rendering import Texts
from jmcp.core.calls.tool import Api, Tool
from jmcp.core.editing.edit_lease import Leases
from jmcp.core.errors import BackendError, ToolError
from jmcp.core.journal.recorder import JournalRecorder
from jmcp.core.kernels.healing import Healing
from jmcp.core.kernels.release import release_kernel
from jmcp.core.observe.events import Called, Happened, Witness, masked
from jmcp.core.observe.metrics import Metrics
from jmcp.core.ports import Documents, Kernels
from jmcp.core.runs.batches import Batches
from jmcp.core.runs.registry import Executions
from jmcp.core.sessions.lookup import Sessions
from jmcp.core.sessions.readings import Readings
from jmcp.core.sessions.records import SessionRecord, Store
from jmcp.core.sessions.session import Session, Workspace
from jmcp.core.stores.memory import MemoryStore

log = logging.getLogger("jmcp")

AFTERWARDS_SECONDS = 5.0
"""That what cancelled calls left to do may still take when the server stops."""
Discard = Callable[..., Coroutine[Any, Any, None]]


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
        recorder: JournalRecorder | None = None,
        store: Store | None = None,
        readings: Readings | None = None,
        permissions: Permissions | None = None,
        gates: Sequence[Gate] = (),
        witnesses: Sequence[Witness] = (),
        strict: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.api = api
        self.documents = documents
        self.leases = Leases(documents, recorder)
        self.kernels = kernels
        self._store = store or MemoryStore()
        self._readings = readings or Readings()
        self.executions = Executions(kernels, store=self._store)
        self.batches = Batches(self.executions)
        self.sessions = Sessions(
            policy=api.policy,
            store=self._store,
            documents=documents,
            clock=clock,
            users=self._users,
            let_go=self._let_go,
            tell=self._tell,
        )
        self.healing = Healing(kernels, self.sessions, happened=self._tell)
        self._handlers = handlers
        self._arguments = Arguments(api.policy.errors["invalid_arguments"])
        self._texts = Texts(api.texts)
        self._ending = Ending(api.policy.errors["server_stopping"])
        self.metrics = Metrics()
        self._permissions = permissions or Permissions(api)
        self._gates = (self._permissions, *gates)
        self._witnesses = (self.metrics, *witnesses)
        self._measured()
        self._strict = strict
        # A lock lives as long as a call holds or awaits it.
        self._exclusive: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._sweeper: asyncio.Task[None] | None = None
        # What calls whose callers have left still have to do.
        self._afterwards: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Take up the runs that an earlier process left, and sweep sessions from now on.

        The runs first: what Jupyter kept of their output goes to who connects first. A read-only
        server leaves them to the next one that is not.
        """
        # A store that does not answer is told now.
        await self._store.count(0)
        if not self._permissions.read_only:
            await self.executions.resume(self.leases)
        self._sweeper = asyncio.create_task(self._sweep(), name="jmcp-sweep")

    @property
    def stopping(self) -> bool:
        return self._ending.begun

    async def drain(self, seconds: float) -> None:
        """Refuse new calls; those under way end by themselves, or are answered after so long.

        What waits for a run is told how far that is. Runs that were not begun are not begun any more.
        """
        if self.stopping:
            return
        await self._ending.begin(seconds)
        await self.batches.close()
        self.executions.stop()
        left = [run for run in self.executions.list() if run.status == "running"]
        await self._ending.finish()
        if left:
            fate = "go on in their kernels" if self.kernels.stay else "end with their kernels"
            log.warning("stopping: %d runs %s", len(left), fate)
            self.metrics.detached(len(left))

    async def live_sessions(self) -> int | None:
        """How many sessions there are, as of a moment ago; None while nobody can tell."""
        return await self.sessions.live()

    async def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._afterwards:
            await asyncio.wait(self._afterwards, timeout=AFTERWARDS_SECONDS)
        await self.batches.close()
        # Nothing is begun any more; what the kernels still send before they are left is written.
        self.executions.stop()
        await self.kernels.close()
        await self.executions.close()
        await self.leases.close()
        await self.sessions.close()
        await self._store.close()

    def _tell(self, event: Happened) -> None:
        for witness in self._witnesses:
            witness.happened(event)

    def _measured(self) -> None:
        gauge, runs = self.metrics.gauge, self.executions
        gauge("jmcp_calls_in_progress", "Calls under way.", lambda: self._ending.calls)
        gauge("jmcp_sessions_active", "Sessions that live.", lambda: self.sessions.counted)
        gauge("jmcp_runs_running", "Runs that kernels are at.", lambda: runs.count("running"))
        gauge("jmcp_runs_queued", "Runs that wait for one.", lambda: runs.count("queued"))
        gauge("jmcp_documents_open", "Live documents.", lambda: self.documents.opened)
        gauge("jmcp_kernels_connected", "Open connections.", lambda: self.kernels.connected)

    def _users(self) -> set[tuple[str, str]]:
        """A running execution keeps its session alive, however long it runs."""
        return self.executions.users() | self.batches.users()

    async def _let_go(self, record: SessionRecord) -> None:
        """What an expired session leaves: its kernels, where nobody else uses them."""
        for key, held in record.notebooks.items():
            self._readings.forget(record, key)
            await release_kernel(record, held, healing=self.healing, sessions=self.sessions)

    async def _sweep(self) -> None:
        while True:
            try:
                await self.sessions.sweep()
            except BackendError as error:
                log.warning("Expired sessions wait for the next sweep: %s", error.message)
            await asyncio.sleep(self.sessions.lifetimes.pause_seconds)

    async def call(self, name: str, arguments: dict[str, Any], caller: Caller) -> Outcome:
        """Run one tool. Every failure but an unknown name is an Outcome with an error."""
        tool = self.api.tools.get(name)
        if tool is None:
            raise UnknownToolError(name)
        call = Called(
            tool=name, owner=caller.owner, request_id=caller.request_id, arguments=arguments
        )
        began = time.monotonic()
        try:
            outcome = await self._answered(tool, arguments, caller, call)
            call.outcome = outcome.error.code if outcome.error else "ok"
            call.result = outcome.result
            return outcome
        finally:
            call.seconds = time.monotonic() - began
            for witness in self._witnesses:
                witness.called(call)

    async def _answered(
        self, tool: Tool, arguments: dict[str, Any], caller: Caller, call: Called
    ) -> Outcome:
        try:
            async with self._ending.call():
                return await self._outcome(tool, arguments, caller, call)
        except TimeoutError:
            return self._failed(tool, self._ending.given_up(tool), call)

    async def _outcome(
        self, tool: Tool, arguments: dict[str, Any], caller: Caller, call: Called
    ) -> Outcome:
        try:
            self._ending.admit(tool)
            for gate in self._gates:
                gate.admit(tool, caller)
            params = self._arguments.decode(tool, arguments)
            return await self._run(tool, params, caller, call)
        except ToolError as error:
            return self._failed(tool, error, call)
        except BackendError as error:
            mapped = self.api.policy.backend_errors[error.kind]
            return self._failed(tool, mapped(error.message, **error.details), call)
        except Exception as error:  # noqa: BLE001  the one edge where a bug becomes an answer
            return self._failed(tool, self._bug(tool, error, call), call)

    async def _run(self, tool: Tool, params: Params, caller: Caller, call: Called) -> Outcome:
        workspace = Workspace(
            caller=caller,
            policy=self.api.policy,
            leases=self.leases,
            kernels=self.kernels,
            executions=self.executions,
            batches=self.batches,
            sessions=self.sessions,
            ending=self._ending,
            permissions=self._permissions,
            readings=self._readings,
            healing=self.healing,
        )
        handler = getattr(self._handlers, tool.handler)
        if tool.session == "none":
            result: Result = await handler(self._target(tool, params), workspace)
            return self._succeeded(tool, result.dump(), workspace)
        async with AsyncExitStack() as stack:
            session = await self._session(tool, params, workspace, stack)
            call.session = masked(session.record.session_id)
            for gate in self._gates:
                gate.admit_session(tool, session.record)
            stack.callback(session.close)
            try:
                result = await handler(self._target(tool, params), session)
                session.deliver_notices(
                    await self.sessions.update(
                        session.record,
                        session.changes,
                        session.telling,
                        readings=session.unsaved_readings(),
                    )
                )
            except asyncio.CancelledError:
                self._left(tool, session)
                raise
            finally:
                envelope = self._envelope(session)
                call.notebook_path = envelope["notebook_path"]
        return self._succeeded(tool, result.dump() | envelope, workspace)

    def _left(self, tool: Tool, session: Session) -> None:
        """The caller is gone: its runs go on or end, as the tool declares.

        In a task of its own, for this one is being cancelled and could wait for nothing.
        """

        async def afterwards() -> None:
            if tool.session == "required":
                # What the call has read and opened is known, whoever waits for its result.
                await self.sessions.update(
                    session.record, session.changes, readings=session.unsaved_readings()
                )
            if tool.on_disconnect == "interrupt":
                for run in session.workspace.runs:
                    await self.executions.cancel(run, "Its caller left.")

        self._later(afterwards(), f"after a cancelled {tool.name}")

    def _later(self, work: Coroutine[Any, Any, None], what: str) -> None:
        async def logged() -> None:
            try:
                await work
            except Exception:
                log.exception("Could not do what is due %s.", what)

        task = asyncio.create_task(logged(), name=f"jmcp-{what.replace(' ', '-')}")
        self._afterwards.add(task)
        task.add_done_callback(self._afterwards.discard)

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
        stack.push_async_exit(self._discard(record))
        session = Session(record, workspace)
        if caller.connection and any(other.connection == caller.connection for other in mine):
            session.notice("session_opened")
        return session

    def _discard(self, record: SessionRecord) -> Discard:
        """Removes a session that was opened for a call which then did not succeed."""

        async def discard(kind: type[BaseException] | None, *_: object) -> None:
            if kind is not None and issubclass(kind, asyncio.CancelledError):
                self._later(self.sessions.remove(record), "after a cancelled opening")
            elif kind is not None:
                await self.sessions.remove(record)

        return discard

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

    def _failed(self, tool: Tool, error: ToolError, call: Called) -> Outcome:
        declared = (*tool.errors, *self.api.policy.errors.values())
        if not isinstance(error, declared):
            log.error("%s raised %s, which its spec does not declare", tool.name, error.code)
            if self._strict:
                error = self._bug(tool, error, call)
        return Outcome(tool=tool.name, text=self._texts.error(error), error=error)

    def _bug(self, tool: Tool, error: Exception, call: Called) -> ToolError:
        """Logged with the call's id; the caller gets that only: a traceback may hold anything."""
        reference = call.request_id
        log.error("bug %s in %s", reference, tool.name, exc_info=error)
        return self.api.policy.errors["internal_error"](
            f"{tool.name} failed because of a bug in jmcp. The server's log has it as {reference}.",
            reference=reference,
        )
