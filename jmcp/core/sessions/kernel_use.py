"""The kernel of one notebook of a session, during one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from jmcp.core.errors import KernelDown, KernelMissing
from jmcp.core.kernels.healing import PROCESS, Seen, adopted, lost, observed, ran
from jmcp.core.runs.run import Run
from jmcp.core.sessions.records import HeldNotebook

if TYPE_CHECKING:  # a session makes its notebooks, and those tell their session
    from jmcp.core.sessions.notebook import Notebook
    from jmcp.core.sessions.session import Session


class NotebookKernel:
    """What calls do with the kernel of a notebook. A loss that it meets is told with the result."""

    def __init__(self, notebook: Notebook, session: Session) -> None:
        self._notebook = notebook
        self._session = session
        self._healing = session.workspace.healing

    async def ready(self, kernel_name: str | None) -> str:
        """The id of the kernel, ready to run: found, or started with that kernelspec.

        Raises KernelDown, KernelspecMissing.
        """
        first = self._held.kernel_id is None
        held, started = await self._healing.ready(self._session.record, self._held, kernel_name)
        self._take(held)
        if started and first:
            self._session.notice("kernel_started")
        assert held.kernel_id is not None
        return held.kernel_id

    async def running(self) -> str | None:
        """The id of the live kernel, or None. Never starts one."""
        seen = await self._healing.running(self._held)
        return seen.kernel_id if seen is not None else None

    async def known(self) -> str | None:
        """The id of the kernel, alive or dead; None when it has none."""
        if self._held.private:
            return self._held.kernel_id
        found = await self._healing.kernels.find(self._held.ref)
        return found or self._held.kernel_id

    async def look(self) -> str | None:
        """As `running`, taking note of what happened to the kernel that the session used."""
        seen = await self._healing.running(self._held)
        if seen is None:
            return None
        held = self._held
        if held.kernel_id is None:
            await self._know(partial(adopted, seen=seen))
        elif not held.auto_heal and held.kernel_id != seen.kernel_id:
            # Opening it again is how a session that wants to be asked takes the other kernel.
            await self._know(partial(observed, seen=seen))
        elif held.counted_by == PROCESS or seen.process is not None:
            await self._know(partial(observed, seen=seen))
        return seen.kernel_id

    async def adopt(self, kernel_id: str) -> None:
        """Take the kernel as it is now: what happened to it before is no news for this session."""
        seen = Seen.of(kernel_id, await self._healing.kernels.health(kernel_id))
        await self._know(partial(adopted, seen=seen))

    async def restart(self) -> str | None:
        """Restart it, or start one where the one of before is no more; None if there was none.

        Raises KernelDown, KernelspecMissing.
        """
        kernel_id = await self.known()
        if kernel_id is None:
            return None
        try:
            await self._healing.kernels.restart(kernel_id)
        except (KernelMissing, KernelDown):
            kernel_name = (await self._notebook.read()).kernelspec()
            self._take(await self._healing.renewed(self._session.record, self._held, kernel_name))
            return self._held.kernel_id
        await self.adopt(kernel_id)
        return kernel_id

    async def forget(self, *, private: bool) -> None:
        """Know of no kernel: the next run finds or starts the one that is meant from now on."""
        await self._know(
            lambda held: replace(
                held,
                kernel_id=None,
                generation=None,
                process=None,
                pending_notice=None,
                started_kernel=False,
                private=private,
            )
        )

    async def ended(self, run: Run) -> None:
        """Take note of the process that a run ended with or in: what was lost is told once."""
        if run.variables_lost:
            await self._know(partial(lost, run=run))
            self._session.notices_to_deliver.add(self._held.ref.key)
        elif run.done:
            await self._know(partial(ran, run=run))

    @property
    def _held(self) -> HeldNotebook:
        return self._notebook.held

    async def _know(self, change: Callable[[HeldNotebook], HeldNotebook]) -> None:
        if self._session.opens(self._held.ref.key):
            self._take(self._session.alter(self._held.ref.key, change))
        else:
            self._take(await self._healing.know(self._session.record, self._held, change))

    def _take(self, held: HeldNotebook) -> None:
        self._notebook.held = self._session.took(held)
        if held.pending_notice is not None:
            self._session.notices_to_deliver.add(held.ref.key)
