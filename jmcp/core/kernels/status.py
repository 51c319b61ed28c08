"""How the kernel of a notebook is, in one word."""

from __future__ import annotations

import asyncio

from jmcp.core.calls.call import KernelStatus
from jmcp.core.errors import BackendError, JupyterUnreachable, KernelDown, KernelMissing
from jmcp.core.ports import Kernels
from jmcp.core.sessions.records import HeldNotebook

STATUS_SECONDS = 2.0
"""A server that does not answer for so long leaves the status unknown."""


async def kernel_status(held: HeldNotebook | None, kernels: Kernels) -> KernelStatus:
    """The status of the kernel that a session uses for a notebook, None for no notebook."""
    if held is None:
        return "not_initialized"
    try:
        async with asyncio.timeout(STATUS_SECONDS):
            own = None if held.private else await kernels.find(held.ref)
            kernel_id = own or held.kernel_id
            if kernel_id is None:
                return "not_initialized"
            return "alive" if (await kernels.health(kernel_id)).alive else "dead"
    except (KernelMissing, KernelDown):
        return "dead"
    except (JupyterUnreachable, TimeoutError):
        return "unknown"
    except BackendError:
        return "error"
