"""Calls without a session_id on a server where these share a session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from jmcp.core.calls.call import Caller, Outcome
from jmcp.core.errors import ENDS_TASK, BackendError, ToolError
from jmcp.core.sessions.records import SessionRecord
from jmcp.core.sessions.services import Services
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.shared_session import NOW, SharedSession, ToldClients, shared_id
from jmcp.core.sessions.workspace import Workspace

OPENING_TOOL = "use_notebook"
log = logging.getLogger("jmcp")
Call = Callable[[str, dict[str, Any], Caller], Awaitable[Outcome]]


class SharedCalls:
    """Opens the notebook that such calls work in. `shared` may be replaced while the server runs.

    `call` runs a tool.
    """

    def __init__(self, services: Services, shared: SharedSession, call: Call) -> None:
        self.shared = shared
        self.told = ToldClients()
        self._services = services
        self._call = call
        self._opening = asyncio.Lock()

    def session_id(self, caller: Caller) -> str:
        return shared_id(self._services.policy.shared_handle, caller)

    async def session(self, caller: Caller) -> tuple[SessionRecord, bool]:
        """The caller's shared session, and whether it was opened for this call.

        Raises session_required where there is none and no notebook to open, or none that opens.
        """
        sessions, session_id = self._services.sessions, self.session_id(caller)
        known = await sessions.get(caller.owner, session_id)
        if known is not None and known.notebooks:  # without one it is being opened
            return known, False
        if self.shared.notebook is None:
            raise self._services.policy.errors.session_required.none_shared(sessions=[])
        async with self._opening:
            # Another call of this caller may have opened it meanwhile, and gone on from there.
            known = await sessions.get(caller.owner, session_id)
            if known is not None and known.notebooks:
                return known, False
            return await self._opened(caller), True

    async def open(self, caller: Caller) -> SessionRecord:
        """Open the configured notebook in the caller's shared session, and make it current. Calls
        that come meanwhile wait for it. Raises as `session` does."""
        async with self._opening:
            return await self._opened(caller)

    async def _opened(self, caller: Caller) -> SessionRecord:
        """Open the configured notebook in the caller's shared session, and make it current.

        Raises session_required, and what may be over when the call is made again.
        """
        path, session_id = self.shared.notebook or "", self.session_id(caller)
        arguments = {"notebook_path": path, "session_id": session_id}
        if self.shared.kernel_id is not None:
            arguments["kernel_id"] = self.shared.kernel_id
        outcome = await self._call(OPENING_TOOL, arguments, caller)
        if outcome.error is not None:
            raise self._refusal(path, outcome.error)
        record = await self._services.sessions.get(caller.owner, session_id)
        if (
            record is None or not record.notebooks or outcome.result is None
        ):  # released again by another call
            raise self._services.policy.errors.session_required.none_shared(sessions=[])
        # The next result of the session tells what this one would have told.
        self._services.undelivered.keep(record, outcome.result.get("notices", ()))
        if self.shared.kernel == NOW:
            await self._start_kernel(record, caller)
        return record

    async def at_start(self, caller: Caller) -> None:
        """As `open`, before anybody calls. What fails is logged, and tried again by the first call."""
        try:
            await self.open(caller)
        except (ToolError, BackendError) as error:
            log.warning("at the start: %s", error.message)
        except ENDS_TASK:
            raise
        except BaseException:
            log.exception("%s was not opened at the start", self.shared.notebook)

    async def _start_kernel(self, record: SessionRecord, caller: Caller) -> None:
        """Start the notebook's kernel, unless one runs. A failure is logged: the first run says it."""
        session = Session(record, Workspace(caller, self._services), self._services)
        try:
            notebook = await session.notebook()
            kernel_name = (await notebook.read()).kernelspec()
            await notebook.kernel.ready(kernel_name, on_notice=session.notice)
            await self._services.sessions.update(record, session.changes)
        except BackendError as error:
            log.warning("the kernel of %s was not started: %s", self.shared.notebook, error.message)
        finally:
            session.close()

    def _refusal(self, path: str, error: ToolError) -> ToolError:
        if error.retry != "never":
            return error
        refuse = self._services.policy.errors.session_required.not_opened
        return refuse(path=path, reason=error.message, sessions=[])
