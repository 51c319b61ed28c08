"""Whether Jupyter still has a kernel, asked over REST: its websocket stays open without one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from jmcp.core.errors import BackendError
from jmcp_api.backend_errors import JupyterUnreachable
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.remote.rest_kernels import kernel_path


class KernelLookup:
    """Asks for one kernel's model; at most one question at a time, which takes about 3 ms."""

    def __init__(
        self, api: JupyterApi, kernel_id: str, on_answer: Callable[[dict[str, Any] | None], None]
    ) -> None:
        """`on_answer` gets the model, None when Jupyter has no such kernel."""
        self.answered_at = float("-inf")
        """When Jupyter last said that it has the kernel, on the monotonic clock."""
        self._api = api
        self._kernel_id = kernel_id
        self._on_answer = on_answer
        self._question: asyncio.Task[None] | None = None

    def ask(self) -> asyncio.Task[None]:
        """The question under way, or a new one. Never fails: without an answer nothing happens."""
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._ask())
        return self._question

    def stop(self) -> None:
        """Drop the question under way, if any."""
        if self._question is not None:
            self._question.cancel()

    def note_answer(self) -> None:
        """Jupyter said in another answer that it has the kernel."""
        self.answered_at = time.monotonic()

    async def _ask(self) -> None:
        try:
            answer = await self._api.request("GET", kernel_path(self._kernel_id))
        except BackendError:
            return  # the channel notices, and knows how long it may last
        if answer.status_code == 404:
            self.note_answer()
            self._on_answer(None)
            return
        with suppress(JupyterUnreachable):  # a failure of the server or of a proxy says nothing
            model = self._api.decoded(answer, dict)
            self.note_answer()
            self._on_answer(model)
