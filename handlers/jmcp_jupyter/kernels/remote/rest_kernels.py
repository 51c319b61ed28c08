"""What a Jupyter Server in another process does with kernels, asked over REST."""

from __future__ import annotations

from typing import Any

from jmcp.core.errors import KernelDown
from jmcp.core.ports import Kernelspec, NotebookRef
from jmcp_jupyter.http_api import JupyterApi, quoted
from jmcp_jupyter.kernels.common.models import kernelspecs, missing


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

    async def require(self, kernel_id: str) -> None:
        answer = await self._api.request("GET", kernel_path(kernel_id))
        if answer.status_code == 404:
            raise missing(kernel_id)

    async def launch(self, ref: NotebookRef, kernel_name: str) -> str:
        body = {"name": kernel_name, "path": ref.path.rpartition("/")[0]}
        answer = await self._api.request("POST", "api/kernels", body=body)
        if answer.status_code != 201:
            raise KernelDown(
                f"The kernel {kernel_name!r} did not start: Jupyter answered {answer.status_code}.",
                kernel_name=kernel_name,
            )
        return str(answer.json()["id"])

    async def interrupt(self, kernel_id: str) -> None:
        await self._ask_for(kernel_id, "interrupt", f"Kernel {kernel_id} is not running.")

    async def restart(self, kernel_id: str) -> None:
        failure = f"Kernel {kernel_id} did not come back from its restart."
        await self._ask_for(kernel_id, "restart", failure)

    async def delete(self, kernel_id: str) -> None:
        await self._api.request("DELETE", kernel_path(kernel_id))

    async def _ask_for(self, kernel_id: str, action: str, failure: str) -> None:
        answer = await self._api.request("POST", f"{kernel_path(kernel_id)}/{action}")
        if answer.status_code == 404:
            raise missing(kernel_id)
        if answer.is_error:
            raise KernelDown(failure, kernel_id=kernel_id)


def kernel_path(kernel_id: str) -> str:
    """The path of a kernel in Jupyter's REST API."""
    return f"api/kernels/{quoted(kernel_id)}"
