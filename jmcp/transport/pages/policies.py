"""Content-Security-Policies of pages. Imports nothing, as Jupyter loads it at its start."""

from __future__ import annotations


def ancestors(origins: tuple[str, ...]) -> str:
    """The sources of a frame-ancestors directive: this server's own pages, and those of `origins`."""
    return " ".join(("'self'", *origins))


def policy(frame_ancestors: str = "'self'", frame_sources: str = "'self'") -> str:
    """The Content-Security-Policy under which the page can run its own files and nothing else."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        f"connect-src 'self'; frame-src {frame_sources}; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {frame_ancestors}"
    )
