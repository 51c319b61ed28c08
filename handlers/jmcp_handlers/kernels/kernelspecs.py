"""The kernelspecs that are installed."""

from __future__ import annotations

from typing import Any

from jupyter_core.utils import ensure_async

from jmcp.runtime.backend import Kernelspec
from jmcp.runtime.errors import KernelspecMissing


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
        return {
            name: Kernelspec(
                name=name,
                display_name=entry["spec"].get("display_name") or name,
                language=entry["spec"].get("language") or "",
            )
            for name, entry in sorted(found.items())
        }

    async def check(self, name: str | None) -> str:
        """The name, or the default for None. Raises KernelspecMissing."""
        wanted = name or self.default
        installed = list(await self.all())
        if wanted not in installed:
            raise KernelspecMissing(
                f"The kernelspec {wanted!r} is not installed; installed are: "
                f"{', '.join(installed) or 'none'}.",
                kernel_name=wanted,
                installed=installed,
            )
        return wanted
