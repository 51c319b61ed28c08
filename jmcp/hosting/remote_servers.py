"""The Jupyter Servers that a standalone jmcp works on: one for all, or one each for documents and
kernels."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec

from jmcp.core.background import run_each
from jmcp.core.calls.call import Caller
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.core.sessions.shared_session import SharedSession
from jmcp.core.stores.instance_lock import living_instances
from jmcp.hosting.early_import import EarlyImport
from jmcp.options.serve_options import JupyterAddress
from jmcp.options.settings import Settings
from jmcp.state.folder import state_folder
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.server_probe import ProbeResult, probe, unreachable

REMOTE_PACKAGES = ("jupyter_nbmodel_client",)
HEALTH_SECONDS = 2.0
"""A server that does not answer for so long is not healthy."""
HEALTH_AGE_SECONDS = 1.0
"""A health check is repeated at most once in so many seconds."""


def missing_packages() -> list[str]:
    """The packages of `jmcp[remote]` that are not installed."""
    return [name for name in REMOTE_PACKAGES if find_spec(name) is None]


class RemoteServers:
    """The servers that jmcp works on. `notify` gets what a person should know, as sentences.
    `first_caller` has the configured notebook opened at the start."""

    def __init__(
        self,
        documents: JupyterAddress,
        kernels: JupyterAddress,
        settings: Settings,
        *,
        first_caller: Caller | None = None,
        notify: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._first_caller = first_caller
        self._notify = notify
        self._notified: set[str] = set()
        self._asking: asyncio.Task[dict[str, str | None]] | None = None
        self._health: tuple[float, dict[str, str | None]]
        self.documents: JupyterApi
        self.kernels: JupyterApi
        self._use(documents, kernels)

    @property
    def addresses(self) -> tuple[JupyterAddress, JupyterAddress]:
        """Of documents and of kernels."""
        return self._addresses

    def share(self, shared: SharedSession) -> None:
        """From the next connection on, calls without a session_id begin with that notebook."""
        self._settings = replace(
            self._settings,
            single_session=True,
            notebook=shared.notebook,
            notebook_kernel=shared.kernel,
        )

    async def probed(self, documents: JupyterAddress, kernels: JupyterAddress) -> None:
        """Ask other servers whether jmcp could work on them. Raises JupyterUnreachable, JupyterRefused."""
        others = RemoteServers(documents, kernels, self._settings, notify=self._notify)
        try:
            await others.check()
        finally:
            await others.close()

    async def change(self, documents: JupyterAddress, kernels: JupyterAddress) -> None:
        """Work on these from the next connection on."""
        left = (self.documents, self.kernels)
        self._use(documents, kernels)
        await run_each(self._stop_asking, *(api.close for api in left))

    def _use(self, documents: JupyterAddress, kernels: JupyterAddress) -> None:
        self._addresses = (documents, kernels)
        self.documents = JupyterApi(documents.url, documents.token)
        same = kernels == documents
        self.kernels = self.documents if same else JupyterApi(kernels.url, kernels.token)
        self._health = (float("-inf"), {})

    async def check(self) -> None:
        """Probe the servers and notify what they are. Raises JupyterUnreachable, JupyterRefused."""
        if self.kernels is self.documents:
            found = await probe(self.documents)
            self._report(f"working on {self._describe(self.documents, found)}", found)
            return
        documents, kernels = await asyncio.gather(
            probe(self.documents, kernels=False), probe(self.kernels, documents=False)
        )
        self._report(f"documents of {self._describe(self.documents, documents)}", documents)
        address = f"{self.kernels.url} (version {kernels.version})"
        self._report(f"kernels of the Jupyter Server at {address}", kernels)

    async def connect(self) -> Dispatcher:
        """A dispatcher on the servers as they are now. Raises as `check` does."""
        composing = EarlyImport("jmcp.compose_remote")
        await self.check()
        await self._warn_of_others()
        composition = await composing.module()
        made: Dispatcher = composition.remote_dispatcher(
            self.documents, self.kernels, self._settings, self._first_caller
        )
        return made

    async def _warn_of_others(self) -> None:
        """Warn of another jmcp of this user on this machine; those on others cannot be seen."""
        if await asyncio.to_thread(living_instances, state_folder(self.documents.url)):
            self._notify_once(
                f"warning: another jmcp works on {self.documents.url}: notebooks that both work in "
                "are edited by two. Use one of them for each notebook"
            )

    async def health(self) -> dict[str, str | None]:
        """Why each server, by what it is used for, does not answer now; None for one that does."""
        asked, known = self._health
        if time.monotonic() - asked < HEALTH_AGE_SECONDS:
            return known
        # One question for all who ask meanwhile: anybody may, and a slow server is asked most.
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="jmcp-health")
        return await asyncio.shield(self._asking)

    async def _ask(self) -> dict[str, str | None]:
        apis = {"documents": self.documents, "kernels": self.kernels}
        if self.kernels is self.documents:
            apis = {"jupyter": self.documents}
        reasons = await asyncio.gather(
            *(unreachable(api, seconds=HEALTH_SECONDS) for api in apis.values())
        )
        self._health = (time.monotonic(), dict(zip(apis, reasons, strict=True)))
        return self._health[1]

    async def close(self) -> None:
        await run_each(self._stop_asking, self.documents.close, self.kernels.close)

    async def _stop_asking(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})

    def _describe(self, api: JupyterApi, found: ProbeResult) -> str:
        mode = {
            "live": "live documents, shared with JupyterLab",
            "file": "files: no jupyter-collaboration there",
        }[found.documents]
        return f"the Jupyter Server at {api.url} (version {found.version}; {mode})"

    def _report(self, line: str, found: ProbeResult) -> None:
        for sentence in (line, *(f"warning: {warning}" for warning in found.warnings)):
            self._notify_once(sentence)

    def _notify_once(self, sentence: str) -> None:
        # Each attempt to connect finds the same again.
        if sentence not in self._notified:
            self._notified.add(sentence)
            self._notify(sentence)
