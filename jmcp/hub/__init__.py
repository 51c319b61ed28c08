"""Many users on a JupyterHub: the gateway that gives all of them one URL, and the Hub's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jmcp.hub.configuration.configure import configure

__all__ = ["configure"]


def __getattr__(name: str) -> Any:
    # The gateway's process imports this package as well, and has no use for JupyterHub's.
    if name == "configure":
        from jmcp.hub.configuration.configure import configure

        return configure
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
