"""Tools about the server: what goes on, which sessions and tools there are."""
