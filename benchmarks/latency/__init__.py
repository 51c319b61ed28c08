"""How long one client waits, in Jupyter and outside of it."""
