"""Kernels that live as long as one call: for code that no notebook and no session is to keep."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import uuid4

from jmcp.core.errors import ENDS_TASK, BackendError, KernelMissing
from jmcp.core.ports import KernelConnection, Kernels, NotebookRef
from jmcp.core.sentences import SessionLimit

PER_OWNER: Final = 4
"""Scratch kernels that one owner may have at a time: each is a process."""
CLOSE_SECONDS = 10.0
"""Seconds that kernels have to end when the server does."""

log = logging.getLogger("jmcp")


class ScratchKernels:
    """Starts them and stops them again, also where the call is cancelled. One for each server.

    `errors` makes the error for an owner who has as many as there may be.
    """

    def __init__(self, kernels: Kernels, errors: SessionLimit) -> None:
        self._kernels = kernels
        self._errors = errors
        self._owners: Counter[str] = Counter()
        self._ids: set[str] = set()
        self._work: set[asyncio.Task[None]] = set()

    def __contains__(self, kernel_id: object) -> bool:
        """Whether that is one of these: nobody else uses it, be it of the same owner."""
        return kernel_id in self._ids

    @asynccontextmanager
    async def kernel(self, owner: str, kernel_name: str) -> AsyncIterator[KernelConnection]:
        """A new kernel in the server's folder, ready to run, which is stopped afterwards.

        Raises session_limit, KernelDown, KernelspecMissing.
        """
        if self._owners[owner] >= PER_OWNER:
            raise self._errors.scripts(limit=PER_OWNER)
        self._owners[owner] += 1
        over = asyncio.Event()
        ready: asyncio.Future[KernelConnection] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._live(owner, kernel_name, ready, over), name="jmcp-scratch")
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        try:
            yield await ready
        finally:
            over.set()

    async def _live(
        self,
        owner: str,
        kernel_name: str,
        ready: asyncio.Future[KernelConnection],
        over: asyncio.Event,
    ) -> None:
        """The life of one kernel, in a task of its own: the call may be cancelled at any point."""
        kernel_id = None
        try:
            # No notebook has it: it is started where the notebooks of the folder are.
            name = f"script-{uuid4().hex[:8]}.ipynb"
            ref = NotebookRef(key=name, path=name)
            kernel_id = await self._kernels.start(ref, kernel_name, private=True)
            self._ids.add(kernel_id)
            connection = await self._kernels.connect(kernel_id)
            if not ready.done():
                ready.set_result(connection)
            await over.wait()
        except ENDS_TASK:
            ready.cancel()
            raise
        except BaseException as error:  # noqa: BLE001 # whatever it is, the call is told
            if not ready.done():
                ready.set_exception(error)
        finally:
            self._owners[owner] -= 1
            if kernel_id is not None:
                await self._stop(kernel_id)

    async def _stop(self, kernel_id: str) -> None:
        try:
            await self._kernels.shutdown(kernel_id)
        except KernelMissing:
            pass
        except BackendError as error:
            log.warning("The kernel %s of a script was not stopped: %s", kernel_id, error.message)
        finally:
            self._ids.discard(kernel_id)

    async def close(self) -> None:
        """Wait until all are stopped. The calls that had them are over by now."""
        if self._work:
            await asyncio.wait(self._work, timeout=CLOSE_SECONDS)
