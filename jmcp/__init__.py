"""jmcp: live Jupyter notebooks for agents, REST clients and people."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """How Jupyter Server finds the extension. Nothing of it is imported for anybody else."""
    from jmcp.hosting.extension import JmcpExtension

    return [{"module": "jmcp.hosting.extension", "app": JmcpExtension}]
