"""Replaces kernels that die: which kernel a session goes on with, and what it is told to have lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from jmcp.core.errors import BackendError, KernelDown, KernelMissing
from jmcp.core.kernels.sighting import KernelSighting, after_restart, after_sighting
from jmcp.core.kernels.start_limit import StartLimit
from jmcp.core.observe.events import SessionEvent, masked
from jmcp.core.ports import Kernels
from jmcp.core.sentences import KernelFailures
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.sessions.sessions import Sessions

T = TypeVar("T")

log = logging.getLogger(__name__)


class Healing:
    """Finds or makes the kernel that a session's next run needs. One for each server.

    What a session knows of its kernel is stored at once, not when the call is over: neither a call
    that fails nor a crash of jmcp may forget a kernel or a loss that was not told.
    """

    def __init__(
        self,
        kernels: Kernels,
        sessions: Sessions,
        *,
        errors: KernelFailures,
        notify: Callable[[SessionEvent], None] = lambda event: None,
    ) -> None:
        self.kernels = kernels
        self._sessions = sessions
        self._errors = errors
        self._notify = notify
        self._start_limit = StartLimit()
        self._starts: set[asyncio.Task[Any]] = set()
        self._healing: WeakValueDictionary[tuple[str, ...], asyncio.Lock] = WeakValueDictionary()

    async def ready(
        self, record: SessionRecord, held: HeldNotebook, kernel_name: str | None
    ) -> tuple[HeldNotebook, bool]:
        """What the session knows of its kernel, which is ready to run, and whether it was started.

        A kernel that lives is taken without any lock. Jupyter's own restarter revives a killed one
        under the same id, so connecting (which waits for that, within a bound) comes before any
        replacement. A start goes on to its end when the caller leaves: otherwise nobody would know of
        the kernel. Raises KernelDown, KernelspecMissing.
        """
        tried: set[str] = set()
        sighting = await self._usable(held, tried)
        if sighting is None:
            return await self._to_its_end(self._healed(record, held, kernel_name, tried))
        return await self.store(record, held, partial(after_sighting, sighting=sighting)), False

    async def start_another(
        self, record: SessionRecord, held: HeldNotebook, kernel_name: str | None
    ) -> HeldNotebook:
        """What the session knows of a new kernel, which somebody asked for because the old one is
        gone. Raises KernelDown, KernelspecMissing."""
        return await self._to_its_end(self._another(record, held, kernel_name))

    async def running(self, held: HeldNotebook) -> KernelSighting | None:
        """The notebook's live kernel, if it has one: the one that the session used, or else the one
        that Jupyter has. Starts none and waits for none."""
        found = await self._alive(held.kernel_id)
        return found or await self._alive(await self._other(held))

    async def store(
        self,
        record: SessionRecord,
        held: HeldNotebook,
        change: Callable[[HeldNotebook], HeldNotebook],
        *,
        asked: bool = False,
    ) -> HeldNotebook:
        """Store what the session knows, if that is anything new; returns it as it is stored.

        `asked`: that the kernel is another one now is what a caller wanted, and no event.
        """
        if change(held) == held:
            return held
        before, after = await self._sessions.change(record, held, change)
        if not asked and after.pending_notice == "kernel_restarted" != before.pending_notice:
            self._notify(
                SessionEvent(
                    what="healed",
                    owner=record.owner,
                    session=masked(record.session_id),
                    details={"notebook_path": after.ref.path, "kernel_id": after.kernel_id},
                )
            )
        return after

    async def close(self) -> None:
        """Cancel all starts that are under way."""
        for task in tuple(self._starts):
            task.cancel()
        await asyncio.gather(*self._starts, return_exceptions=True)

    async def _healed(
        self, record: SessionRecord, held: HeldNotebook, kernel_name: str | None, tried: set[str]
    ) -> tuple[HeldNotebook, bool]:
        async with self._lock(record, held):
            held = await self._sessions.latest(record, held)
            sighting, started = await self._usable(held, tried), False
            if sighting is None:
                await self._check(held)
                sighting, started = await self._replace(held, kernel_name, tried), True
            change = partial(after_sighting, sighting=sighting, started=started)
            return await self._stored(record, held, change, sighting, started=started), started

    async def _another(
        self, record: SessionRecord, held: HeldNotebook, kernel_name: str | None
    ) -> HeldNotebook:
        async with self._lock(record, held):
            tried = set() if held.kernel_id is None else {held.kernel_id}
            sighting = await self._replace(held, kernel_name, tried)

            def change(held: HeldNotebook) -> HeldNotebook:
                return replace(after_restart(held, sighting), started_kernel=True)

            return await self._stored(record, held, change, sighting, started=True, asked=True)

    async def _stored(
        self,
        record: SessionRecord,
        held: HeldNotebook,
        change: Callable[[HeldNotebook], HeldNotebook],
        sighting: KernelSighting,
        *,
        started: bool,
        asked: bool = False,
    ) -> HeldNotebook:
        """As `store`; a private kernel that is not stored is stopped, for nobody would know of it."""
        kept = not (started and held.private)
        try:
            stored = await self.store(record, held, change, asked=asked)
            kept = kept or await self._sessions.holds(record, held)
            return stored
        finally:
            if not kept:
                await self._discard(sighting.kernel_id)

    async def _to_its_end(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.create_task(work, name="jmcp-kernel-start")
        self._starts.add(task)
        task.add_done_callback(self._over)
        return await asyncio.shield(task)

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._starts.discard(task)
        if not task.cancelled():
            task.exception()  # its caller, who may have left, is told

    async def _usable(self, held: HeldNotebook, tried: set[str]) -> KernelSighting | None:
        """A kernel to go on with. With auto_heal off, that is the session's own or none."""
        found = await self._connected(held.kernel_id, tried)
        if found is not None or not (held.auto_heal or held.kernel_id is None):
            return found
        return await self._connected(await self._other(held), tried)

    async def _connected(self, kernel_id: str | None, tried: set[str]) -> KernelSighting | None:
        """The kernel, connected, unless that failed before; failures are added to `tried`."""
        if kernel_id is None or kernel_id in tried:
            return None
        try:
            return KernelSighting.of(kernel_id, await self.kernels.connect(kernel_id))
        except (KernelMissing, KernelDown):
            tried.add(kernel_id)
            return None

    async def _alive(self, kernel_id: str | None) -> KernelSighting | None:
        if kernel_id is None:
            return None
        try:
            health = await self.kernels.health(kernel_id)
        except KernelMissing:
            return None
        return KernelSighting.of(kernel_id, health) if health.alive else None

    async def _other(self, held: HeldNotebook) -> str | None:
        """The kernel that Jupyter has for the notebook, where that is not the one that the session
        used; None for a private one, of which Jupyter does not know."""
        if held.private:
            return None
        found = await self.kernels.find(held.ref)
        return found if found != held.kernel_id else None

    async def _check(self, held: HeldNotebook) -> None:
        if held.auto_heal or held.kernel_id is None:
            return
        other = None if held.private else await self.kernels.find(held.ref)
        same = other in (None, held.kernel_id)
        error = self._errors.lost if same else self._errors.lost_to_another
        raise error(path=held.ref.path, kernel_id=held.kernel_id)

    async def _replace(
        self, held: HeldNotebook, kernel_name: str | None, tried: set[str]
    ) -> KernelSighting:
        """A kernel in the place of those in `tried`, which could not be connected to."""
        name = held.kernel_name or kernel_name
        try:
            async with self._start_limit.turn():
                sighting = await self._started(held, name, tried)
        except (KernelMissing, KernelDown) as error:
            raise self._errors.not_replaced(
                path=held.ref.path, reason=error.message, kernel_name=name
            ) from error
        if held.private and held.kernel_id is not None:
            await self._discard(held.kernel_id)
        return sighting

    async def _started(
        self, held: HeldNotebook, name: str | None, tried: set[str]
    ) -> KernelSighting:
        kernel_id = await self.kernels.start(held.ref, name, private=held.private)
        try:
            return KernelSighting.of(kernel_id, await self.kernels.connect(kernel_id))
        except (KernelMissing, KernelDown):
            # A kernel that somebody shuts down has a process, and so is the notebook's, until that
            # is over. By now it is.
            if kernel_id not in tried or (await self.kernels.health(kernel_id)).alive:
                await self._discard_private(held, kernel_id)
                raise
        except BaseException:
            await self._discard_private(held, kernel_id)
            raise
        return await self._started(held, name, set())

    async def _discard_private(self, held: HeldNotebook, kernel_id: str) -> None:
        if held.private:
            await self._discard(kernel_id)

    async def _discard(self, kernel_id: str) -> None:
        """Shut it down, if that works: what comes of it must not cost the kernel that is used now."""
        try:
            await self.kernels.shutdown(kernel_id)
        except BackendError:
            pass
        except Exception:
            log.exception("Kernel %s could not be shut down.", kernel_id)

    def _lock(self, record: SessionRecord, held: HeldNotebook) -> asyncio.Lock:
        mine = (record.owner, record.session_id) if held.private else ()
        return self._healing.setdefault((held.ref.key, *mine), asyncio.Lock())
