"""Which pages may show Jupyter's own in a frame: a header that Jupyter sends with each of them.

This module loads while Jupyter starts, so it imports nothing of the MCP SDK.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

from jmcp.transport.pages.policies import ancestors

HEADER = "Content-Security-Policy"
DIRECTIVE = "frame-ancestors"
HUB_VERSION = "X-JupyterHub-Version"
HUB_DEFAULT = "frame-ancestors 'none'"
"""What JupyterHub puts into the settings of each server of its own for which nobody configured a policy,
beside the header with its version. There the option is the configuration."""
log = logging.getLogger("jmcp")


def allow_frames(settings: MutableMapping[str, Any], origins: tuple[str, ...]) -> None:
    """Let pages of these origins frame those of the Jupyter Server with these settings of Tornado's.

    A policy that somebody configured there keeps all that it has. What it says itself about frames
    stays, and a warning says so: nobody else may widen it.
    """
    headers = settings.setdefault("headers", {})
    configured = next((name for name in headers if name.lower() == HEADER.lower()), None)
    wanted = f"{DIRECTIVE} {ancestors(origins)}"
    if configured is None or (HUB_VERSION in headers and headers[configured] == HUB_DEFAULT):
        headers[configured or HEADER] = wanted
        return
    given = str(headers[configured]).rstrip("; ")
    if any(part.split()[:1] == [DIRECTIVE] for part in given.lower().split(";")):
        log.warning(
            "frame_ancestors reaches the workbench only: Jupyter's own configuration (tornado_settings) "
            "has a %s, which says who may frame JupyterLab. Put this into it: %s",
            HEADER,
            wanted,
        )
        return
    headers[configured] = f"{given}; {wanted}"
