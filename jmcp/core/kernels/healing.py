"""Kernels that die are replaced, loudly: which kernel a session goes on with, and what it lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4
from weakref import WeakValueDictionary

from jmcp.core.errors import BackendError, KernelDown, KernelMissing
from jmcp.core.kernels.start_limit import Starts
from jmcp.core.observe.events import SessionEvent, masked
from jmcp.core.ports import Health, KernelConnection, Kernels
from jmcp.core.runs.run import Run
from jmcp.core.sessions.lookup import Sessions
from jmcp.core.sessions.records import HeldNotebook, SessionRecord

PROCESS = uuid4().hex
"""Names this process, whose count of a kernel's generations says nothing to another one."""

FAILED = (
    "No kernel could be started for {path}: {reason} Nothing was changed. When the cause is "
    "removed, run again; or use_notebook with another kernel_name (list_kernels has them)."
)
REFUSED = (
    "The kernel of {path} is dead or gone, and auto_heal is off, so nothing takes its place "
    "unasked. restart_notebook starts one, without the variables of before; use_notebook with "
    "auto_heal true lets the next run do that."
)
REPLACED = (
    "The kernel of {path} that this session used is gone, and auto_heal is off, so nothing takes "
    "its place unasked. The notebook has another kernel by now: use_notebook goes on with that "
    "one, without the variables of before; restart_notebook restarts it for everyone."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A kernel as it was found just now."""

    kernel_id: str
    generation: int
    process: str | None

    @classmethod
    def of(cls, kernel_id: str, found: Health | KernelConnection) -> Seen:
        return cls(kernel_id=kernel_id, generation=found.generation, process=found.process_name)


def observed(held: HeldNotebook, seen: Seen, *, started: bool = False) -> HeldNotebook:
    """What the session knows once it has seen that; `pending_notice` if what it knew is lost."""
    same = held.kernel_id == seen.kernel_id
    pending_notice = held.pending_notice
    if held.kernel_id is None or held.generation is None:
        pass  # it had none; or the loss was told, and under which id the next one runs is no news
    elif not same:
        pending_notice = "kernel_restarted"
    elif held.counted_by == PROCESS:
        if seen.generation < held.generation:
            return held  # another call has seen more meanwhile
        if seen.generation > held.generation:
            pending_notice = "kernel_restarted"
    elif held.process is None or seen.process is None:
        # The kernel outlived the process of jmcp that knew it, and does not say which it is.
        pending_notice = "kernel_uncertain"
    elif held.process != seen.process:
        pending_notice = "kernel_restarted"
    kept = adopted(held, seen)
    return replace(
        kept, started_kernel=started or kept.started_kernel, pending_notice=pending_notice
    )


def adopted(held: HeldNotebook, seen: Seen) -> HeldNotebook:
    """What the session knows if it takes the kernel as it is: what was before is no news."""
    return replace(
        held,
        kernel_id=seen.kernel_id,
        generation=seen.generation,
        process=seen.process,
        counted_by=PROCESS,
        started_kernel=held.started_kernel and held.kernel_id == seen.kernel_id,
        pending_notice=None,
    )


def lost(held: HeldNotebook, run: Run) -> HeldNotebook:
    """What the session knows once it hears that the process of that run is no more."""
    if held.kernel_id != run.request.kernel_id or held.generation is None:
        return held
    # One that never began was written for a process that is gone.
    generation = run.generation or run.request.generation or held.generation
    if held.counted_by == PROCESS and generation < held.generation:
        return held
    return replace(held, generation=None, pending_notice="kernel_restarted")


def ran(held: HeldNotebook, run: Run) -> HeldNotebook:
    """What the session knows once it sees in which process that run came to be."""
    if (
        held.kernel_id != run.request.kernel_id
        or held.generation is None
        or held.counted_by != PROCESS
    ):
        return held
    if run.generation <= held.generation:
        return held
    return replace(held, generation=run.generation, process=None, pending_notice="kernel_restarted")


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
        notify: Callable[[SessionEvent], None] = lambda event: None,
    ) -> None:
        self.kernels = kernels
        self._sessions = sessions
        self._notify = notify
        self._starts = Starts()
        self._healing: WeakValueDictionary[tuple[str, ...], asyncio.Lock] = WeakValueDictionary()

    async def ready(
        self, record: SessionRecord, held: HeldNotebook, kernel_name: str | None
    ) -> tuple[HeldNotebook, bool]:
        """What the session knows of its kernel, which is ready to run; whether that was started.

        A kernel that lives is taken without any lock. Jupyter's own restarter revives a killed one
        under the same id, so connecting (which waits for that, within a bound) comes before any
        replacement. Raises KernelDown, KernelspecMissing.
        """
        tried: set[str] = set()
        seen, started = await self._usable(held, tried), False
        if seen is None:
            async with self._lock(record, held):
                held = await self._sessions.latest(record, held)
                seen = await self._usable(held, tried)
                if seen is None:
                    await self._check(held)
                    seen, started = await self._replace(held, kernel_name), True
                held = await self.know(record, held, partial(observed, seen=seen, started=started))
                return held, started
        return await self.know(record, held, partial(observed, seen=seen)), started

    async def renewed(
        self, record: SessionRecord, held: HeldNotebook, kernel_name: str | None
    ) -> HeldNotebook:
        """The same with a new kernel, which somebody asked for because the old one is no more."""
        async with self._lock(record, held):
            seen = await self._replace(held, kernel_name)
            return await self.know(
                record, held, lambda held: replace(adopted(held, seen), started_kernel=True)
            )

    async def running(self, held: HeldNotebook) -> Seen | None:
        """The notebook's live kernel, if it has one. Starts none and waits for none."""
        async for kernel_id in self.candidates(held):
            with suppress(KernelMissing):
                health = await self.kernels.health(kernel_id)
                if health.alive:
                    return Seen.of(kernel_id, health)
        return None

    async def candidates(self, held: HeldNotebook) -> AsyncIterator[str]:
        """The kernel that the session used, and only when that is no good what Jupyter says."""
        if held.kernel_id is not None:
            yield held.kernel_id
        if held.private:
            return
        found = await self.kernels.find(held.ref)
        if found is not None and found != held.kernel_id:
            yield found

    async def know(
        self,
        record: SessionRecord,
        held: HeldNotebook,
        change: Callable[[HeldNotebook], HeldNotebook],
    ) -> HeldNotebook:
        """Store what the session knows, if that is anything new; returns it as it is stored."""
        if change(held) == held:
            return held
        before, after = await self._sessions.change(record, held, change)
        if after.pending_notice == "kernel_restarted" != before.pending_notice:
            self._notify(
                SessionEvent(
                    what="healed",
                    owner=record.owner,
                    session=masked(record.session_id),
                    details={"notebook_path": after.ref.path, "kernel_id": after.kernel_id},
                )
            )
        return after

    async def _usable(self, held: HeldNotebook, tried: set[str]) -> Seen | None:
        """A kernel to go on with. With auto_heal off, that is the session's own or none."""
        async for kernel_id in self.candidates(held):
            if kernel_id not in tried:
                try:
                    return Seen.of(kernel_id, await self.kernels.connect(kernel_id))
                except (KernelMissing, KernelDown):
                    tried.add(kernel_id)
            if not held.auto_heal and kernel_id == held.kernel_id:
                break
        return None

    async def _check(self, held: HeldNotebook) -> None:
        if held.auto_heal or held.kernel_id is None:
            return
        other = None if held.private else await self.kernels.find(held.ref)
        text = REFUSED if other in (None, held.kernel_id) else REPLACED
        raise KernelDown(text.format(path=held.ref.path), kernel_id=held.kernel_id)

    async def _replace(self, held: HeldNotebook, kernel_name: str | None) -> Seen:
        name = held.kernel_name or kernel_name
        kernel_id = None
        try:
            async with self._starts.turn():
                kernel_id = await self.kernels.start(held.ref, name, private=held.private)
                seen = Seen.of(kernel_id, await self.kernels.connect(kernel_id))
        except (KernelMissing, KernelDown) as error:
            if kernel_id is not None and held.private:
                await self._discard(kernel_id)
            text = FAILED.format(path=held.ref.path, reason=error.message)
            raise KernelDown(text, kernel_name=name) from error
        if held.private and held.kernel_id is not None:
            await self._discard(held.kernel_id)
        return seen

    async def _discard(self, kernel_id: str) -> None:
        with suppress(BackendError):
            await self.kernels.shutdown(kernel_id)

    def _lock(self, record: SessionRecord, held: HeldNotebook) -> asyncio.Lock:
        mine = (record.owner, record.session_id) if held.private else ()
        return self._healing.setdefault((held.ref.key, *mine), asyncio.Lock())
