"""What each part of the code is about, for a profile by subject."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

SAMPLING = "sampling itself"
LOOP = "event loop"
OTHER = "other"

SUBJECTS: dict[str, tuple[str, ...]] = {
    "bridge into Jupyter": ("jmcp.transport.jupyter_bridge",),
    "middleware": ("jmcp.transport.middleware",),
    "MCP and REST": ("jmcp.transport",),
    "dispatcher, arguments, rendering": ("jmcp.core.calls", "jmcp_api"),
    "handlers": ("jmcp_handlers",),
    "sessions": ("jmcp.core.sessions",),
    "journal": (
        "jmcp.core.journal",
        "jmcp.core.stores.journal.encoding",
        "jmcp.core.stores.journal.memory",
        "jmcp.core.stores.journal.sqlite",
    ),
    "store (SQLite)": ("jmcp.core.stores",),
    "editing": ("jmcp.core.editing",),
    "runs and outputs": ("jmcp.core.runs", "jmcp.core.outputs"),
    "kernel health": ("jmcp.core.kernels",),
    "logs, metrics, events": ("jmcp.core.observe", "jmcp.hosting.logs", "logging"),
    "saving": (
        "jmcp_jupyter.documents.live.save_supervisor",
        "jmcp_jupyter.documents.local.rooms.room_saver",
        "jmcp_jupyter.documents.remote.room_saver",
        "jupyter_server_ydoc.loaders",
        "jupyter_server.services.contents",
        "nbformat",
    ),
    "documents": ("jmcp_jupyter.documents", "jupyter_nbmodel_client"),
    "file ids": ("jupyter_server_fileid",),
    "shared document (pycrdt, jupyter_ydoc)": ("pycrdt", "jupyter_ydoc"),
    "room (jupyter-collaboration)": ("pycrdt.websocket", "jupyter_server_ydoc"),
    "room's store": ("pycrdt.store", "sqlite_anyio"),
    "kernel messages": (
        "jmcp_jupyter.kernels",
        "jupyter_client",
        "jupyter_kernel_client",
        "zmq",
        "websocket",
        "jupyter_server.services.kernels",
        "jupyter_server.services.sessions",
    ),
    "websockets": ("websockets",),
    "jmcp, the rest": ("jmcp", "jmcp_jupyter"),
    "HTTP client": ("httpx2", "httpcore2", "requests", "urllib3"),
    "MCP SDK": ("mcp", "mcp_types"),
    "Starlette": ("starlette", "sse_starlette"),
    "uvicorn": ("uvicorn", "h11"),
    "Tornado": ("tornado",),
    "Jupyter Server": ("jupyter_server", "traitlets"),
    "Jupyter's events": ("jupyter_events",),
    SAMPLING: ("benchmarks",),
}
"""By package or module. The longest that fits decides; a module that none fits (json, pydantic,
anyio, sqlite3 ...) counts for whoever called it."""

ENCLOSING = {
    "jmcp_jupyter.documents.live.save_supervisor:SaveSupervisor._save": "saving",
    "jupyter_server_ydoc.rooms:DocumentRoom._maybe_save_document": "saving",
    "jupyter_server.services.kernels.kernelmanager:"
    "MappingKernelManager.start_watching_activity.<locals>.record_activity": (
        "Jupyter Server's watch of kernel activity"
    ),
}
"""Functions that say what all they call is about: most of a save is reading the shared document, and
Jupyter Server decodes each message of a kernel once more, to know when it was last active."""

LOOP_MODULES = ("asyncio", "selectors")
WAKE_UPS = frozenset(
    {
        "asyncio.selector_events:BaseSelectorEventLoop._read_from_self",
        "asyncio.unix_events:_UnixSelectorEventLoop._process_self_data",
    }
)
"""What the event loop does because the sampler's signal woke it up."""

_BY_PREFIX = {prefix: name for name, prefixes in SUBJECTS.items() for prefix in prefixes}


def subject(frame: str) -> str | None:
    """The subject of `module:function`; None for code that is about nothing by itself."""
    module = frame.partition(":")[0]
    while module:
        if module in _BY_PREFIX:
            return _BY_PREFIX[module]
        module = module.rpartition(".")[0]
    return None


def subject_of_stack(stack: str) -> str:
    """The innermost frame with a subject decides, unless one encloses it that says more.

    `stack` has the outermost frame first.
    """
    frames = stack.split(";")
    if frames[-1] in WAKE_UPS:
        return SAMPLING
    for frame in frames:
        if frame in ENCLOSING:
            return ENCLOSING[frame]
    for frame in reversed(frames):
        if frame.partition(":")[0].startswith(LOOP_MODULES) and _is_loop(frame):
            return LOOP
        found = subject(frame)
        if found is not None and found != SAMPLING:
            return found
    return OTHER


def _is_loop(frame: str) -> bool:
    """Whether this is the loop at work for itself, not a helper that somebody called."""
    name = frame.partition(":")[2]
    return name in {
        "BaseEventLoop._run_once",
        "BaseEventLoop.run_forever",
        "Handle._run",
        "EpollSelector.select",
    }


def by_subject(stacks: Mapping[str, int]) -> Counter[str]:
    """Samples by subject, without those of the sampling itself."""
    found: Counter[str] = Counter()
    for stack, count in stacks.items():
        found[subject_of_stack(stack)] += count
    del found[SAMPLING]
    return found


def by_function(stacks: Mapping[str, int]) -> Counter[str]:
    """Samples in which a function was anywhere on the stack."""
    found: Counter[str] = Counter()
    for stack, count in stacks.items():
        for frame in set(stack.split(";")):
            found[frame] += count
    return found
