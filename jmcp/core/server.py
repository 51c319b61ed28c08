"""What all calls of one server share, from its start to its close."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Required, TypedDict

from jmcp.core.activity.activity import Activity
from jmcp.core.activity.presence import Presence
from jmcp.core.activity.use import ServerUse
from jmcp.core.background import end, run_each, supervised
from jmcp.core.calls.call import NotebooksStatus
from jmcp.core.calls.drain import DrainGate
from jmcp.core.calls.permissions import Permissions
from jmcp.core.calls.tool import Api
from jmcp.core.editing.edit_lease import Leases
from jmcp.core.errors import ENDS_TASK
from jmcp.core.journal.recorder import JournalRecorder
from jmcp.core.kernels.healing import Healing
from jmcp.core.kernels.release import release_kernel
from jmcp.core.kernels.scratch import ScratchKernels
from jmcp.core.lab_pages import LabPages, NoLabPages
from jmcp.core.memory_watch import Measure, MemoryWatch
from jmcp.core.observe.events import Closeable, Observer, SessionEvent
from jmcp.core.observe.metrics import Metrics
from jmcp.core.pages.pages import Pages
from jmcp.core.person.actions import PersonActions
from jmcp.core.person.pauses import Pauses
from jmcp.core.ports import Documents, Kernels
from jmcp.core.runs.registry import RunRegistry
from jmcp.core.sessions.notices.undelivered import UndeliveredNotices
from jmcp.core.sessions.open_tabs import OpenTabs
from jmcp.core.sessions.readings.session_readings import Readings
from jmcp.core.sessions.records import SessionRecord, Store
from jmcp.core.sessions.services import Services
from jmcp.core.sessions.sessions import Sessions
from jmcp.core.stores.memory import MemoryStore
from jmcp.core.watching.watches import Watches

log = logging.getLogger("jmcp")

NOTEBOOKS_SECONDS = 1.0
"""Whoever asks how the server is waits no longer for what Jupyter says of notebooks."""
CLEAN_UP_SECONDS = 5.0
"""Seconds that clean-up after cancelled calls may take at shutdown."""


class ServerParts(TypedDict, total=False):
    """What a server is made of, beside its API."""

    documents: Required[Documents]
    kernels: Required[Kernels]
    lab: LabPages | None
    pages: Pages | None
    recorder: JournalRecorder | None
    store: Store | None
    readings: Readings | None
    permissions: Permissions | None
    observers: Sequence[Observer]
    memory: Measure | None
    clock: Callable[[], float]


class Server:
    """Owns the sessions, the runs and the stores of one server.

    `start` once, then `drain` and `close`. `clock` is in seconds since the epoch.
    """

    def __init__(
        self,
        *,
        api: Api,
        documents: Documents,
        kernels: Kernels,
        lab: LabPages | None = None,
        pages: Pages | None = None,
        recorder: JournalRecorder | None = None,
        store: Store | None = None,
        readings: Readings | None = None,
        permissions: Permissions | None = None,
        observers: Sequence[Observer] = (),
        memory: Measure | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.api = api
        self.documents = documents
        self.leases = Leases(documents, recorder)
        self.kernels = kernels
        self.pages = pages
        self.metrics = Metrics()
        self.permissions = permissions or Permissions(api)
        self.readings = readings or Readings()
        self.gate = DrainGate(api.policy.errors.server_stopping)
        self._store = store or MemoryStore()
        self.runs = RunRegistry(
            kernels,
            phrases=api.policy.phrases,
            store=self._store,
            limits=api.policy.run_output,
        )
        self.sessions = Sessions(
            policy=api.policy,
            store=self._store,
            documents=documents,
            clock=clock,
            users=self.runs.index.users,
            on_expired=self._on_expired,
            notify=self._notify,
        )
        self.activity = Activity(
            policy=api.policy,
            permissions=self.permissions,
            sessions=self.sessions,
            index=self.runs.index,
            kernels=kernels,
            lab=lab or NoLabPages(),
        )
        self.pauses = Pauses(api.policy, self.sessions)
        self.memory = MemoryWatch(memory)
        self.use = ServerUse(self.metrics, self.gate, self.runs.index)
        self._observers: tuple[Observer, ...] = (self.metrics, self.activity.calls, *observers)
        self.healing = Healing(
            kernels, self.sessions, errors=api.policy.errors.kernel_down, notify=self._notify
        )
        self.scratch = ScratchKernels(kernels, api.policy.errors.session_limit)
        self.services = Services(
            policy=api.policy,
            permissions=self.permissions,
            leases=self.leases,
            kernels=kernels,
            scratch=self.scratch,
            runs=self.runs,
            sessions=self.sessions,
            healing=self.healing,
            gate=self.gate,
            readings=self.readings,
            undelivered=UndeliveredNotices(),
            tabs=OpenTabs(kernels),
            lab=self.activity.lab,
            pages=pages,
            activity=self.activity,
            pauses=self.pauses,
        )
        self.presence = Presence(
            sessions=self.sessions,
            activity=self.activity,
            index=self.runs.index,
        )
        self.runs.index.watchers = (*self.runs.index.watchers, self.presence)
        self.person = PersonActions(self.services, self.presence)
        self.watches = Watches(self.leases, self.runs.index, api.policy.errors.session_limit)
        self._sweeper: asyncio.Task[None] | None = None
        self._releaser: asyncio.Task[None] | None = None
        self._memory_task: asyncio.Task[None] | None = None
        self._clean_up: set[asyncio.Task[None]] = set()
        self._add_gauges()

    async def start(self) -> None:
        """Take up the runs that an earlier process left, and sweep sessions from now on.

        The runs first: what Jupyter kept of their output goes to who connects first. A read-only
        server leaves them to the next one that is not. Raises StateUnavailable for a store that
        does not answer.
        """
        await self._store.count(0)
        if not self.permissions.read_only:
            await self.runs.resume(self.leases)
        self._sweeper = supervised(self._sweep, "session-sweep")
        if self.memory.measures:
            self._memory_task = supervised(self.memory.run, "memory")
        recorder = self.leases.recorder
        if recorder is not None:
            self._releaser = supervised(
                partial(recorder.release_unused, self.runs.index.in_notebook), "notebook-owner"
            )

    @property
    def lab_url(self) -> str | None:
        return self.services.lab.base

    @property
    def stopping(self) -> bool:
        return self.gate.stopping

    async def drain(self, seconds: float) -> None:
        """Refuse new calls; those under way end by themselves, or are answered after so long.

        What waits for a run is told how far that is. Runs that were not begun are not begun any more.
        """
        if self.stopping:
            return
        await self.gate.stop_accepting(seconds)
        try:
            await self.runs.stop()
        finally:
            left = self.runs.index.count("running")
            await self.gate.expire_calls()
            self.activity.calls.close()
            await self.presence.close()
        if left:
            fate = "go on in their kernels" if self.kernels.stay else "end with their kernels"
            log.warning("stopping: %d runs %s", left, fate)
            self.metrics.detached(left)

    async def close(self) -> None:
        """Close everything, each part whatever became of the one before it.

        Nothing is begun any more; what the kernels still send before they are left is written.
        """
        await run_each(
            partial(end, self._sweeper),
            partial(end, self._releaser),
            partial(end, self._memory_task),
            self.watches.close,
            self.presence.close,
            self._cleaned_up,
            self.healing.close,
            self.runs.stop,
            self.scratch.close,
            self.kernels.close,
            self.runs.close,
            self.leases.close,
            self.sessions.close,
            self._store.close,
            self._close_observers,
        )

    async def notebooks(self) -> NotebooksStatus:
        """As `Calls.notebooks`."""
        pages = None if self.pages is None else len(self.pages)
        try:
            async with asyncio.timeout(NOTEBOOKS_SECONDS):
                sharing = await self.documents.sharing()
        except Exception:  # noqa: BLE001 # whoever asks how the server is gets an answer
            return NotebooksStatus(pages=pages)
        return NotebooksStatus(way=sharing.way, pages=pages)

    async def live_sessions(self) -> int | None:
        """How many sessions there are, as of a moment ago; None while nobody can tell."""
        return await self.sessions.live()

    def later(self, work: Coroutine[Any, Any, None], what: str) -> None:
        """Have clean-up done that nobody waits for. A failure is logged as due `what`."""

        async def logged() -> None:
            try:
                await work
            except ENDS_TASK:
                raise
            except BaseException:
                log.exception("Could not do what is due %s.", what)

        task = asyncio.create_task(logged(), name=f"jmcp-{what.replace(' ', '-')}")
        self._clean_up.add(task)
        task.add_done_callback(self._clean_up.discard)

    async def _cleaned_up(self) -> None:
        if self._clean_up:
            await asyncio.wait(self._clean_up, timeout=CLEAN_UP_SECONDS)

    async def _close_observers(self) -> None:
        for observer in self._observers:
            if isinstance(observer, Closeable):
                observer.close()

    def _notify(self, event: SessionEvent) -> None:
        for observer in self._observers:
            observer.on_session_event(event)

    def _add_gauges(self) -> None:
        gauge, runs = self.metrics.gauge, self.runs
        gauge("jmcp_calls_in_progress", "Calls under way.", lambda: self.gate.calls)
        gauge("jmcp_sessions_active", "Sessions that live.", lambda: self.sessions.counted)
        gauge("jmcp_runs_running", "Runs that kernels are at.", lambda: runs.index.count("running"))
        gauge("jmcp_runs_queued", "Runs that wait for one.", lambda: runs.index.count("queued"))
        gauge("jmcp_documents_open", "Live documents.", lambda: self.documents.opened)
        gauge(
            "jmcp_subscriptions", "Resources that clients are told of.", lambda: self.watches.count
        )
        gauge("jmcp_kernels_connected", "Open connections.", lambda: self.kernels.connected)
        gauge("jmcp_pages_connected", "Of JupyterLab, in browsers.", lambda: len(self.pages or ()))
        gauge("jmcp_memory_used_bytes", "Of server and kernels.", lambda: self.memory.used)
        gauge("jmcp_memory_limit_bytes", "What they may use.", lambda: self.memory.limit)

    async def _on_expired(self, record: SessionRecord) -> None:
        """What an expired session leaves: its kernels, where nobody else uses them."""
        for key, held in record.notebooks.items():
            self.readings.forget(record, key)
            await release_kernel(record, held, healing=self.healing, sessions=self.sessions)

    async def _sweep(self) -> None:
        while True:
            await self.sessions.sweep()
            await asyncio.sleep(self.sessions.lifetimes.pause_seconds)
