"""`jmcp connect`: speaks for a running server over stdin and stdout. Imports nothing of Jupyter and of
MCP, so that it answers at once."""
