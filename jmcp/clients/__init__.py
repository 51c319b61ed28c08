"""The configuration files of MCP clients: where they are, and changing one entry of them."""
