"""What a Jupyter Server in another process does with kernels, asked over REST."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from jmcp.core.ports import Kernelspec, NotebookRef
from jmcp_api.backend_errors import KernelDown, KernelMissing
from jmcp_jupyter.http_api import JupyterApi, quoted
from jmcp_jupyter.kernels.common.models import kernelspecs


class RestKernelManager:
    """A `KernelManager` by the REST API. Raises JupyterUnreachable and JupyterRefused as well."""

    def __init__(self, api: JupyterApi) -> None:
        self._api = api

    async def kernelspecs(self) -> tuple[dict[str, Kernelspec], str]:
        found = (await self._api.request("GET", "api/kernelspecs")).json()
        return kernelspecs(found["kernelspecs"]), found["default"]

    async def models(self) -> list[dict[str, Any]]:
        models: list[dict[str, Any]] = (await self._api.request("GET", "api/kernels")).json()
        return models

    async def ids(self) -> Collection[str]:
        # An idle server may be shut down, and asking is no use of it.
        answer = await self._api.request("GET", "api/kernels", no_track_activity="1")
        models: list[dict[str, Any]] = answer.json()
        return [str(model["id"]) for model in models]

    async def require(self, kernel_id: str) -> None:
        answer = await self._api.request("GET", kernel_path(kernel_id))
        if answer.status_code == 404:
            raise KernelMissing.unknown(kernel_id=kernel_id)

    async def launch(self, ref: NotebookRef, kernel_name: str) -> str:
        body = {"name": kernel_name, "path": ref.path.rpartition("/")[0]}
        answer = await self._api.request("POST", "api/kernels", body=body)
        if answer.status_code != 201:
            raise KernelDown.not_started_by_jupyter(
                kernel_name=kernel_name, status=answer.status_code
            )
        return str(answer.json()["id"])

    async def interrupt(self, kernel_id: str) -> None:
        if not await self._ask_for(kernel_id, "interrupt"):
            raise KernelDown.not_running(kernel_id=kernel_id)

    async def restart(self, kernel_id: str) -> None:
        if not await self._ask_for(kernel_id, "restart"):
            raise KernelDown.not_back(kernel_id=kernel_id)

    async def delete(self, kernel_id: str) -> None:
        await self._api.request("DELETE", kernel_path(kernel_id))

    async def _ask_for(self, kernel_id: str, action: str) -> bool:
        """Whether it was done. Raises KernelMissing."""
        answer = await self._api.request("POST", f"{kernel_path(kernel_id)}/{action}")
        if answer.status_code == 404:
            raise KernelMissing.unknown(kernel_id=kernel_id)
        return not answer.is_error


def kernel_path(kernel_id: str) -> str:
    """The path of a kernel in Jupyter's REST API."""
    return f"api/kernels/{quoted(kernel_id)}"
