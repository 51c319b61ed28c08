"""Jupyter Servers elsewhere: one for documents and kernels, or one for each."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Callable
from importlib.util import find_spec

from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.core.stores.instance_lock import living
from jmcp.options.serve_options import Where
from jmcp.options.settings import Settings
from jmcp.state.folder import state_folder
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.server_probe import Found, probe, unreachable

REMOTE = ("jupyter_nbmodel_client", "jupyter_kernel_client")
HEALTH_SECONDS = 2.0
HEALTH_AGE_SECONDS = 1.0
"""However often health is asked for, Jupyter is asked at most once in that time."""


def missing() -> list[str]:
    """What `jmcp[remote]` adds and is not here."""
    return [name for name in REMOTE if find_spec(name) is None]


class Elsewhere:
    """The servers that jmcp works on. `tell` gets what a person should know, as sentences."""

    def __init__(
        self,
        documents: Where,
        kernels: Where,
        settings: Settings,
        *,
        tell: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._tell = tell
        self.documents = JupyterApi(documents.url, documents.token)
        same = kernels == documents
        self.kernels = self.documents if same else JupyterApi(kernels.url, kernels.token)
        self._told: set[str] = set()
        self._health: tuple[float, dict[str, str | None]] = (float("-inf"), {})

    async def check(self) -> None:
        """See what the servers are, and tell it. Raises JupyterUnreachable, JupyterRefused."""
        if self.kernels is self.documents:
            found = await probe(self.documents)
            self._report(f"working on {self._described(self.documents, found)}", found)
            return
        documents, kernels = await asyncio.gather(
            probe(self.documents, kernels=False), probe(self.kernels, documents=False)
        )
        self._report(f"documents of {self._described(self.documents, documents)}", documents)
        where = f"{self.kernels.url} (version {kernels.version})"
        self._report(f"kernels of the Jupyter Server at {where}", kernels)

    async def connect(self) -> Dispatcher:
        """What works on the servers as they are now. Raises as `check`."""
        await self.check()
        await self._look_for_others()
        # The clients take a second to import, in which the loop goes on answering.
        outside = await asyncio.to_thread(importlib.import_module, "jmcp.compose_remote")
        made: Dispatcher = outside.remote(self.documents, self.kernels, self._settings)
        return made

    async def _look_for_others(self) -> None:
        """Another jmcp of this user on this machine; what runs elsewhere cannot be seen."""
        if await asyncio.to_thread(living, state_folder(self.documents.url)):
            self._say(
                f"warning: another jmcp works on {self.documents.url}: notebooks that both work in "
                "are edited by two. Use one of them for each notebook"
            )

    async def health(self) -> dict[str, str | None]:
        """By what it is used for, why each server does not answer just now: None when it does."""
        asked, known = self._health
        if time.monotonic() - asked < HEALTH_AGE_SECONDS:
            return known
        apis = {"documents": self.documents, "kernels": self.kernels}
        if self.kernels is self.documents:
            apis = {"jupyter": self.documents}
        reasons = await asyncio.gather(
            *(unreachable(api, seconds=HEALTH_SECONDS) for api in apis.values())
        )
        self._health = (time.monotonic(), dict(zip(apis, reasons, strict=True)))
        return self._health[1]

    async def close(self) -> None:
        await self.documents.close()
        await self.kernels.close()

    def _described(self, api: JupyterApi, found: Found) -> str:
        mode = {
            "live": "live documents, shared with JupyterLab",
            "file": "files: no jupyter-collaboration there",
        }[found.documents]
        return f"the Jupyter Server at {api.url} (version {found.version}; {mode})"

    def _report(self, line: str, found: Found) -> None:
        for sentence in (line, *(f"warning: {warning}" for warning in found.warnings)):
            self._say(sentence)

    def _say(self, sentence: str) -> None:
        # Each attempt finds the same again.
        if sentence not in self._told:
            self._told.add(sentence)
            self._tell(sentence)
