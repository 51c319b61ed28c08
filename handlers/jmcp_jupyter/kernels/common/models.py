"""Kernels and kernelspecs as Jupyter describes them, by its managers or over REST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

from jmcp.core.ports import KernelInfo, Kernelspec, KernelState
from jmcp_api.backend_errors import KernelspecMissing
from jmcp_jupyter.kernels.common.connection import JupyterConnection


def kernelspecs(found: Mapping[str, Any]) -> dict[str, Kernelspec]:
    """The installed kernelspecs by name."""
    return {
        name: Kernelspec(
            name=name,
            display_name=entry["spec"].get("display_name") or name,
            language=entry["spec"].get("language") or "",
        )
        for name, entry in sorted(found.items())
        if isinstance(entry, dict) and isinstance(entry.get("spec"), dict)
    }


def installed(name: str, specs: Mapping[str, Kernelspec]) -> str:
    """The same name. Raises KernelspecMissing."""
    if name not in specs:
        raise KernelspecMissing.not_installed(kernel_name=name, installed=list(specs))
    return name


def kernel_info(
    model: Mapping[str, Any],
    specs: Mapping[str, Kernelspec],
    *,
    connection: JupyterConnection[Any, Any] | None,
    notebook_path: str | None,
) -> KernelInfo:
    """One row of a listing: Jupyter's model, and what jmcp's own connection knows better.

    jmcp's own websocket is left out of `connections`: it is no reason to keep a kernel that nobody
    needs.
    """
    name = str(model.get("name") or "")
    spec = specs.get(name)
    heard = connection.state if connection is not None else None
    dead = connection is not None and connection.dead
    ours = connection is not None and connection.counted
    return KernelInfo(
        kernel_id=model["id"],
        kernel_name=name,
        display_name=spec.display_name if spec else name,
        language=spec.language if spec else "",
        state=_state("dead" if dead else heard, model.get("execution_state")),
        connections=max(0, int(model.get("connections") or 0) - ours),
        last_activity=str(model.get("last_activity") or ""),
        notebook_path=notebook_path,
    )


def _state(known: str | None, listed: str | None) -> KernelState:
    state = known if known and listed != "dead" else listed
    return cast(KernelState, state) if state in get_args(KernelState) else "unknown"
