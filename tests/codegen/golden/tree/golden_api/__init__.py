"""Generated from the spec; edit that, not this."""
