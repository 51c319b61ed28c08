"""The wires: MCP, REST and the bridge into Jupyter Server."""
