"""The kernelspecs that are installed."""

from __future__ import annotations

from typing import Any

from jupyter_core.utils import ensure_async

from jmcp.core.ports import Kernelspec
from jmcp_jupyter.kernels.common.models import installed, kernelspecs


class Kernelspecs:
    """What can be started, and what is started when nobody says."""

    def __init__(self, manager: Any, kernel_manager: Any) -> None:
        self._manager = manager
        self._kernel_manager = kernel_manager

    @property
    def default(self) -> str:
        return str(self._kernel_manager.default_kernel_name)

    async def all(self) -> dict[str, Kernelspec]:
        """The installed kernelspecs by name."""
        found = await ensure_async(self._manager.get_all_specs())
        return kernelspecs(found)

    async def check(self, name: str | None) -> str:
        """The name, or the default for None. Raises KernelspecMissing."""
        return installed(name or self.default, await self.all())
