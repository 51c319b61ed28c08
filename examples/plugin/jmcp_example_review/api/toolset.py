"""The toolset, as jmcp finds it by an entry point of the group jmcp.toolsets."""

from __future__ import annotations

from pathlib import Path

from jmcp.toolsets import Toolset

from .http import ROUTES
from .notices import SENTENCES
from .ports import Handlers
from .registry import TOOLS
from .texts import TEXTS


def toolset(handlers: Handlers) -> Toolset:
    """What the entry point names, with these handlers."""
    return Toolset(
        name="review",
        doc="What somebody looks at before a notebook is handed on.",
        tools=TOOLS,
        handlers=handlers,
        routes=ROUTES,
        texts=TEXTS,
        notices=SENTENCES,
        folder=Path(__file__).parent,
    )
