"""The kernelspecs of this machine, and whether their kernels start."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from subprocess import DEVNULL
from typing import Any

from jmcp.doctor.finding import Finding, problem, warning

STARTED = 3
"""So many kernels are really started, side by side; of more only the program is looked for."""
READY_SECONDS = 3.5


async def kernels() -> Sequence[Finding]:
    from jupyter_client.kernelspec import KernelSpecManager

    specs = await asyncio.to_thread(KernelSpecManager().get_all_specs)
    if not specs:
        return [problem("kernels", "no kernelspec is installed", "pip install ipykernel")]
    names = sorted(specs, key=lambda name: (name != "python3", name))
    return [
        *await asyncio.gather(*(_started(name) for name in names[:STARTED])),
        *(_looked_for(name, specs[name]["spec"]) for name in names[STARTED:]),
    ]


def _looked_for(name: str, spec: dict[str, Any]) -> Finding:
    program = spec["argv"][0]
    if shutil.which(program) is None:
        return _broken(name, f"its program {program} is not there")
    return Finding(about=f"kernel {name}", fact=f"its program is {program}; it was not started")


async def _started(name: str) -> Finding:
    from jupyter_client.manager import AsyncKernelManager

    manager = AsyncKernelManager(kernel_name=name)
    about = f"kernel {name}"
    try:
        await manager.start_kernel(stdout=DEVNULL, stderr=DEVNULL)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        return _broken(name, f"it does not start: {error}")
    client = manager.client()
    try:
        client.start_channels()
        await client.wait_for_ready(timeout=READY_SECONDS)
    except RuntimeError as error:
        if await manager.is_alive():
            fact = f"it starts, and was not ready within {READY_SECONDS:g} s"
            return warning(about, fact, "try again when the machine is less busy")
        return _broken(name, f"it ends when it is started: {error}")
    else:
        return Finding(about=about, fact="it starts")
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


def _broken(name: str, fact: str) -> Finding:
    remedy = f"reinstall it, or jupyter kernelspec remove {name}"
    return problem(f"kernel {name}", fact, remedy)
