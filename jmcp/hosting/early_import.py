"""Imports that take half a second, made in a thread before anybody waits for them."""

from __future__ import annotations

import asyncio
import importlib
from concurrent.futures import Future, ThreadPoolExecutor
from types import ModuleType

from jmcp.hosting.garbage import collector_paused


class EarlyImport:
    """The import of one module, which begins with this object and ends in `module`.

    Begin it before work that waits for something else: files, processes, another server. An import
    that fails is made anew by the next `module`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._begun = self._begin()

    async def module(self) -> ModuleType:
        """The imported module. Raises what its import raises."""
        begun = self._begun
        if begun.cancelled() or (begun.done() and begun.exception() is not None):
            self._begun = self._begin()
        return await asyncio.wrap_future(self._begun)

    def _begin(self) -> Future[ModuleType]:
        # A process that ends meanwhile waits for this thread, so that no import is cut off.
        executor = ThreadPoolExecutor(1, thread_name_prefix="jmcp-import")
        begun = executor.submit(self._import)
        executor.shutdown(wait=False)
        return begun

    def _import(self) -> ModuleType:
        with collector_paused():
            return importlib.import_module(self._name)
