"""jmcp on a real Jupyter Server of this process, without HTTP around it: calls go to its dispatcher."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from jupyter_server.serverapp import ServerApp

from jmcp.compose import API
from jmcp.compose_local import local_dispatcher
from jmcp.compose_remote import remote_dispatcher
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.core.ports import Documents, Kernels
from jmcp.options.settings import Settings
from jmcp_handlers import HANDLERS
from jmcp_jupyter.documents.local.documents import LocalDocuments
from jmcp_jupyter.documents.remote.documents import RemoteDocuments
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from jmcp_jupyter.kernels.remote.kernels import RemoteKernels
from tests.calls import Calls
from tests.jupyter_process import TOKEN

Mode = Literal["local live", "local file", "remote live", "remote file"]
MODES: tuple[Mode, ...] = ("local live", "local file", "remote live", "remote file")
"""Adapters inside of the Jupyter Server or over HTTP, on shared documents or on files."""

UNLIMITED = Settings(calls_per_second=0, owner_calls_per_second=0)
"""As a user runs it, without the rate limits that a test of something else could meet."""


def is_live(mode: Mode) -> bool:
    """Whether that mode needs a server with collaboration."""
    return mode.endswith("live")


@dataclass(kw_only=True)
class RunningJmcp(Calls):
    """One Jupyter Server and one jmcp on it, which may be stopped and started again.

    With `settings` it is composed as a user's server is, with its state on disk. Without, it is
    the dispatcher alone, strict, with its state in memory; `options` are that dispatcher's (a
    clock, a store, observers).
    """

    app: ServerApp
    mode: Mode = "local live"
    settings: Settings | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    dispatcher: Dispatcher = field(init=False)
    _api: JupyterApi | None = field(default=None, init=False)

    @property
    def root(self) -> Path:
        return Path(self.app.root_dir)

    @property
    def remote(self) -> bool:
        return self.mode.startswith("remote")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Started now, and closed at the end."""
        await self.start()
        try:
            yield self
        finally:
            await self.close()

    async def start(self) -> None:
        if self.remote:
            self._api = JupyterApi(f"http://127.0.0.1:{self.app.port}{self.app.base_url}", TOKEN)
        self.dispatcher = self._made(self._api)
        await self.dispatcher.start()

    async def close(self) -> None:
        await self.dispatcher.close()
        if self._api is not None:
            await self._api.close()

    async def restart(self) -> None:
        await self.close()
        await self.start()

    def _made(self, api: JupyterApi | None) -> Dispatcher:
        if self.settings is not None:
            if api is None:
                return local_dispatcher(self.app, self.settings)
            return remote_dispatcher(api, api, self.settings)
        documents: Documents = LocalDocuments(self.app) if api is None else RemoteDocuments(api)
        kernels: Kernels = LocalKernels(self.app) if api is None else RemoteKernels(api)
        given = {"api": API, "handlers": HANDLERS, "strict": True, **self.options}
        return Dispatcher(documents=documents, kernels=kernels, **given)
