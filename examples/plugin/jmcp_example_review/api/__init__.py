"""Generated from a toolset's spec; edit that, not this."""

from jmcp.toolsets import require_format

# Before anything else here, which an older or newer jmcp may not have.
require_format(1)
