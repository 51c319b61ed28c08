"""The kernel of one notebook of a session, during one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from jmcp.core.errors import KernelDown, KernelMissing
from jmcp.core.kernels.release import Fate, Release, release_kernel
from jmcp.core.kernels.sighting import (
    KernelSighting,
    after_adoption,
    after_loss,
    after_restart,
    after_run,
    after_sighting,
    is_certain,
)
from jmcp.core.notices import KernelStarted, Notice, PrivateKernelStopped
from jmcp.core.ports import Reply
from jmcp.core.runs.execution.questions import Occupied
from jmcp.core.runs.occupants import Occupant
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.records import HeldNotebook

if TYPE_CHECKING:  # a session makes its notebooks, and those tell their session
    from jmcp.core.sessions.notebook import Notebook
    from jmcp.core.sessions.services import Services
    from jmcp.core.sessions.session import Session


class NotebookKernel:
    """What calls do with the kernel of a notebook. A loss that is found is told with the call's
    result."""

    def __init__(self, notebook: Notebook, session: Session, services: Services) -> None:
        self._notebook = notebook
        self._session = session
        self._services = services
        self._healing = services.healing

    async def ready(self, kernel_name: str | None, *, on_notice: Callable[[Notice], None]) -> str:
        """The id of the kernel, ready to run: found, or started with that kernelspec.

        A start goes on when the caller leaves. Raises KernelDown, KernelspecMissing.
        """
        first = self._held.kernel_id is None
        held, started = await self._healing.ready(self._session.record, self._held, kernel_name)
        self._refresh(held)
        if started and first:
            on_notice(KernelStarted())
        assert held.kernel_id is not None
        return held.kernel_id

    async def running(self) -> str | None:
        """The id of the live kernel, or None. Never starts one."""
        sighting = await self.sighted()
        return sighting.kernel_id if sighting is not None else None

    async def sighted(self) -> KernelSighting | None:
        """The live kernel as it is now, or None. Never starts one."""
        return await self._healing.running(self._held)

    async def known(self) -> str | None:
        """The id of the kernel, alive or dead; None when it has none."""
        if self._held.private:
            return self._held.kernel_id
        found = await self._services.kernels.find(self._held.ref)
        return found or self._held.kernel_id

    async def observe(self) -> str | None:
        """As `running`; what happened to the kernel that the session used is stored."""
        sighting = await self._healing.running(self._held)
        if sighting is None:
            return None
        held = self._held
        if held.kernel_id is None:
            await self._store(partial(after_adoption, sighting=sighting))
            return sighting.kernel_id
        # Opening it again is how a session that wants to be asked takes the other kernel.
        takes_other = not held.auto_heal and held.kernel_id != sighting.kernel_id
        if takes_other or is_certain(held, sighting):
            await self._store(partial(after_sighting, sighting=sighting))
        return sighting.kernel_id

    async def seen(self, kernel_id: str) -> KernelSighting:
        """That kernel as it is now."""
        return KernelSighting.of(kernel_id, await self._services.kernels.health(kernel_id))

    async def own(self) -> KernelSighting | None:
        """The live kernel that everybody has who opens the notebook, whatever this session uses."""
        return await self._healing.running(replace(self._held, private=False, kernel_id=None))

    async def adopt(self, sighting: KernelSighting) -> None:
        """Take the kernel as it was seen: what happened to it before is no news for this session.

        Asks nobody but the store, and so does not fail.
        """
        await self._store(partial(after_adoption, sighting=sighting))

    async def attach(self, kernel_id: str) -> None:
        """Make that kernel the notebook's own, for everybody. Raises as `Kernels.attach`."""
        await self._services.kernels.attach(self._held.ref, kernel_id)

    async def release(self, policy: Release) -> Fate:
        """Stop the kernel or leave it, as the session has no more use for it.

        Raises as `Kernels.shutdown`.
        """
        return await release_kernel(
            self._session.record,
            self._held,
            healing=self._healing,
            sessions=self._services.sessions,
            policy=policy,
        )

    async def drop_runs(self, kernel_id: str, notice: Notice) -> int:
        """End what waits for that kernel, each with that notice; returns how many runs that were."""
        return len(await self._services.runs.drop(kernel_id, notice))

    async def occupants(self, kernel_id: str) -> Sequence[Occupant]:
        """Whose code is in that kernel beside this session's. Raises as `Kernels.list`."""
        record = self._session.record
        return await self._services.runs.occupants(
            kernel_id, owner=record.owner, session_id=record.session_id
        )

    async def ask(self, kernel_id: str, expression: str) -> Reply | Occupied:
        """Have that kernel evaluate an expression, without a trace. Raises KernelMissing, KernelDown."""
        return await self._services.runs.ask(kernel_id, expression)

    async def interrupt(self, kernel_id: str) -> bool:
        """Interrupt what that kernel runs; whether there was anything. Raises as `Kernels.interrupt`."""
        return await self._services.runs.interrupt(kernel_id)

    async def interrupt_waiting(self) -> bool:
        """End what this session has waiting for a kernel of the notebook; whether there was any."""
        record = self._session.record
        return await self._services.runs.interrupt_waiting(
            self._held.ref.key, owner=record.owner, session_id=record.session_id
        )

    async def restart(self) -> str | None:
        """Restart the kernel, or start another one if it is gone. Returns the kernel's id, None if
        there was no kernel.

        Raises KernelDown, KernelspecMissing.
        """
        kernel_id = await self.known()
        if kernel_id is None:
            return None
        try:
            await self._services.kernels.restart(kernel_id)
        except (KernelMissing, KernelDown):
            kernel_name = (await self._notebook.read()).kernelspec()
            self._session.notices.restarted.add(self._held.ref.key)
            self._refresh(
                await self._healing.start_another(self._session.record, self._held, kernel_name)
            )
            return self._held.kernel_id
        self._session.notices.restarted.add(self._held.ref.key)
        sighting = await self.seen(kernel_id)
        record = self._session.record
        change = partial(after_restart, sighting=sighting)
        self._refresh(await self._healing.store(record, self._held, change, asked=True))
        return kernel_id

    async def forget(
        self, *, private: bool, lost: bool = False, instead: KernelSighting | None = None
    ) -> None:
        """Forget the kernel, or replace it by `instead`. Without that the next run finds or starts
        a kernel, `private` or not. `lost`: the process of the forgotten one was ended for this."""

        def changed(held: HeldNotebook) -> HeldNotebook:
            if instead is not None:
                held = after_adoption(held, instead)
            else:
                held = replace(
                    held, kernel_id=None, generation=None, process=None, started_kernel=False
                )
            notice = PrivateKernelStopped.code if lost else None
            return replace(held, private=private, pending_notice=notice)

        await self._store(changed)

    async def ended(self, run: Run) -> None:
        """Store in which kernel process the run was, or that it was lost with its process; a loss
        is told once."""
        if run.variables_lost:
            await self._store(partial(after_loss, run=run))
            self._session.notices.pending.add(self._held.ref.key)
        elif run.done:
            await self._store(partial(after_run, run=run))

    @property
    def _held(self) -> HeldNotebook:
        return self._notebook.held

    async def _store(self, change: Callable[[HeldNotebook], HeldNotebook]) -> None:
        if self._session.opens(self._held.ref.key):
            self._refresh(self._session.alter(self._held.ref.key, change))
        else:
            self._refresh(await self._healing.store(self._session.record, self._held, change))

    def _refresh(self, held: HeldNotebook) -> None:
        self._notebook.held = self._session.refresh(held)
        if held.pending_notice is not None:
            self._session.notices.pending.add(held.ref.key)
