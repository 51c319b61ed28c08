"""The paths below base_url that the Jupyter extension takes; all else there stays Jupyter's."""

from __future__ import annotations

HANDLER_PATTERNS = (r"/mcp(/.*)?", r"/jmcp/.*")
