"""Kernels and kernelspecs as Jupyter describes them, by its managers or over REST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

from jmcp.core.errors import KernelspecMissing
from jmcp.core.ports import KernelInfo, Kernelspec, KernelState


def kernelspecs(found: Mapping[str, Any]) -> dict[str, Kernelspec]:
    """The installed kernelspecs by name."""
    return {
        name: Kernelspec(
            name=name,
            display_name=entry["spec"].get("display_name") or name,
            language=entry["spec"].get("language") or "",
        )
        for name, entry in sorted(found.items())
    }


def installed(name: str, specs: Mapping[str, Kernelspec]) -> str:
    """The same name. Raises KernelspecMissing."""
    if name not in specs:
        raise KernelspecMissing(
            f"The kernelspec {name!r} is not installed; installed are: "
            f"{', '.join(specs) or 'none'}. use_notebook with kernel_name takes one of those.",
            kernel_name=name,
            installed=list(specs),
        )
    return name


def kernel_info(
    model: Mapping[str, Any],
    specs: Mapping[str, Kernelspec],
    *,
    heard: str | None,
    dead: bool,
    connections: int,
    notebook_path: str | None,
) -> KernelInfo:
    """One row of a listing. `heard` is what the kernel itself last said of its state."""
    name = model["name"]
    spec = specs.get(name)
    return KernelInfo(
        kernel_id=model["id"],
        kernel_name=name,
        display_name=spec.display_name if spec else name,
        language=spec.language if spec else "",
        state="dead" if dead else _state(heard or model["execution_state"]),
        connections=connections,
        last_activity=model["last_activity"],
        notebook_path=notebook_path,
    )


def _state(said: str | None) -> KernelState:
    return cast(KernelState, said) if said in get_args(KernelState) else "unknown"
