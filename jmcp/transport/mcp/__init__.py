"""MCP over streamable HTTP and stdio."""
