"""The wire formats: MCP, REST, and the bridge into Jupyter Server."""
