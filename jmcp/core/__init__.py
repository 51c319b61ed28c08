"""What jmcp is, without HTTP, Jupyter or MCP."""
