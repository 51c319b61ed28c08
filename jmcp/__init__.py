"""jmcp: live Jupyter notebooks for agents, REST clients and people."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """How Jupyter Server finds the extension. Nothing of it is imported for anybody else."""
    from jmcp.hosting.extension import JmcpExtension

    return [{"module": "jmcp.hosting.extension", "app": JmcpExtension}]


def __getattr__(name: str) -> str:
    """`jmcp.__version__`, which `jupyter server extension list` shows; read when it is asked for."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("jmcp")
