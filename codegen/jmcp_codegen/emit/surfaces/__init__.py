"""What each surface is told of the tools: MCP, REST, the Jupyter extension, people."""
