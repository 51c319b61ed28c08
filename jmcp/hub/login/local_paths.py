"""Where a browser goes after its login: a path of the gateway and nothing else."""

from __future__ import annotations

from jmcp.transport.entry.pages import page_path


def local_path(text: str, prefix: str) -> str:
    """The path of a page of the gateway, of `prefix` itself or below it; the gateway's own page for
    everything else."""
    home = f"{prefix}/"
    try:
        path = page_path(text)
    except ValueError:
        return home
    return path if path.startswith(home) else home
