"""What a Jupyter Server in another process does with kernels, asked over REST."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from jmcp.core.ports import Kernelspec, NotebookRef
from jmcp_api import phrases
from jmcp_api.backend_errors import KernelDown, KernelMissing
from jmcp_jupyter.http_api import JupyterApi, quoted
from jmcp_jupyter.kernels.common.models import kernelspecs

GONE_STATUSES = (404, 410)
"""What Jupyter answers for a kernel or a session that it does not have (any more)."""


class RestKernelManager:
    """A `KernelManager` by the REST API. Raises JupyterUnreachable and JupyterRefused as well."""

    def __init__(self, api: JupyterApi) -> None:
        self._api = api

    async def kernelspecs(self) -> tuple[dict[str, Kernelspec], str]:
        answer = await self._api.request("GET", "api/kernelspecs")
        found = self._api.decoded(answer, dict)
        specs, default = found.get("kernelspecs"), found.get("default")
        if not isinstance(specs, dict) or not isinstance(default, str):
            raise self._api.not_its_answer(answer)
        return kernelspecs(specs), default

    async def models(self) -> list[dict[str, Any]]:
        answer = await self._api.request("GET", "api/kernels")
        return [model for model in self._api.decoded(answer, list) if is_kernel(model)]

    async def ids(self) -> Collection[str]:
        # An idle server may be shut down, and asking is no use of it.
        answer = await self._api.request("GET", "api/kernels", no_track_activity="1")
        return [model["id"] for model in self._api.decoded(answer, list) if is_kernel(model)]

    async def require(self, kernel_id: str) -> None:
        answer = await self._api.request("GET", kernel_path(kernel_id))
        if answer.status_code == 404:
            raise KernelMissing.unknown(kernel_id=kernel_id)
        self._api.decoded(answer, dict)

    async def launch(self, ref: NotebookRef, kernel_name: str) -> str:
        body = {"name": kernel_name, "path": ref.path.rpartition("/")[0]}
        answer = await self._api.request("POST", "api/kernels", body=body)
        if answer.is_error:
            raise KernelDown.not_started_by_jupyter(
                kernel_name=kernel_name, status=answer.status_code
            )
        model = self._api.decoded(answer, dict)
        if not is_kernel(model):
            raise self._api.not_its_answer(answer)
        return str(model["id"])

    async def interrupt(self, kernel_id: str) -> None:
        if not await self._ask_for(kernel_id, "interrupt"):
            raise KernelDown.not_running(kernel_id=kernel_id)

    async def restart(self, kernel_id: str) -> None:
        if not await self._ask_for(kernel_id, "restart"):
            raise KernelDown.not_back(kernel_id=kernel_id)

    async def delete(self, kernel_id: str) -> None:
        answer = await self._api.request("DELETE", kernel_path(kernel_id))
        if answer.status_code in (204, *GONE_STATUSES):
            return
        if not answer.is_error:
            raise self._api.not_its_answer(answer)
        reason = phrases.http_status(status=answer.status_code)
        raise KernelDown.not_stopped(kernel_id=kernel_id, reason=reason)

    async def _ask_for(self, kernel_id: str, action: str) -> bool:
        """Whether it was done. Raises KernelMissing."""
        answer = await self._api.request("POST", f"{kernel_path(kernel_id)}/{action}")
        if answer.status_code == 404:
            raise KernelMissing.unknown(kernel_id=kernel_id)
        if not answer.is_error and answer.status_code != 204:  # with the kernel's model
            self._api.decoded(answer, dict)
        return not answer.is_error


def kernel_path(kernel_id: str) -> str:
    """The path of a kernel in Jupyter's REST API."""
    return f"api/kernels/{quoted(kernel_id)}"


def is_kernel(model: object) -> bool:
    """Whether that is a kernel as Jupyter describes it."""
    return isinstance(model, dict) and isinstance(model.get("id"), str)
