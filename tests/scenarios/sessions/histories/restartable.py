"""A real dispatcher on real documents, without a server around it: files, and no kernel running."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat as untyped_nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyter_server.services.sessions.sessionmanager import SessionManager
from tornado.web import Application

from jmcp.compose import API
from jmcp.core.calls.call import Caller, Outcome
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.core.sessions.records import Store
from jmcp_handlers import HANDLERS
from jmcp_jupyter.documents.local.documents import LocalDocuments
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from tests.scenarios.sessions.histories.model import EXIST, NOTEBOOKS, SESSIONS
from tests.typed import filled

nbformat: Any = untyped_nbformat
SMALL = replace(
    API, policy=replace(API.policy, sessions_per_owner=SESSIONS, notebooks_per_session=NOTEBOOKS)
)
SOURCE = "1"
QUIET_LOG = logging.getLogger("jupyter-of-histories")
QUIET_LOG.setLevel(logging.ERROR)


class JupyterManagers:
    """The managers of a Jupyter Server over one folder, all that jmcp asks of one here."""

    def __init__(self, root: Path) -> None:
        contents = AsyncLargeFileManager(root_dir=str(root), log=QUIET_LOG)
        specs = KernelSpecManager()
        kernels = AsyncMappingKernelManager(root_dir=str(root), kernel_spec_manager=specs)
        self.app = SimpleNamespace(
            contents_manager=contents,
            kernel_manager=kernels,
            kernel_spec_manager=specs,
            session_manager=SessionManager(kernel_manager=kernels, contents_manager=contents),
            extension_manager=SimpleNamespace(extension_apps={}, extensions={}),
            web_app=Application(contents_manager=contents),
        )

    def close(self) -> None:
        self.app.session_manager.close()
        self.app.kernel_manager.context.destroy()


class RestartableJmcp:
    """One life of jmcp after the other. `store` makes the store that each has."""

    def __init__(self, root: Path, store: Callable[[], Store], clock: Callable[[], float]) -> None:
        self._runner = asyncio.Runner()
        self._store = store
        self._clock = clock
        self._root = root
        self._runner.run(self._start())

    async def _start(self) -> None:
        self._jupyter = JupyterManagers(self._root)
        self.dispatcher = Dispatcher(
            api=SMALL,
            handlers=HANDLERS,
            documents=LocalDocuments(self._jupyter.app),
            kernels=LocalKernels(self._jupyter.app),
            store=self._store(),
            strict=True,
            clock=self._clock,
        )
        await self.dispatcher.start()

    def restart(self) -> None:
        self._runner.run(self._stop())
        self._runner.run(self._start())

    def close(self) -> None:
        self._runner.run(self._stop())
        self._runner.close()

    async def _stop(self) -> None:
        await self.dispatcher.close()
        self._jupyter.close()

    def call(self, tool: str, caller: Caller, **arguments: Any) -> Outcome:
        given = {name: value for name, value in arguments.items() if value is not None}
        outcome = self._runner.run(self.dispatcher.call(tool, given, caller))
        if outcome.result is None:
            return outcome
        return replace(outcome, result=filled(tool, outcome.result, given))

    def sweep(self) -> None:
        self._runner.run(self.dispatcher.sessions.sweep())

    def records(self, owner: str) -> list[Any]:
        return self._runner.run(self.dispatcher.sessions.of_owner(owner))


def write(root: Path) -> None:
    """The notebooks that exist, each with one cell of the same source."""
    for path in EXIST:
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(SOURCE, id="cell0000")],
            metadata={"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}},
        )
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, root / path)
