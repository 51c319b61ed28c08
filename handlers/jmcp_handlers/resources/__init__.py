"""What MCP clients read without a tool: resources, completion, citation."""
