"""Where the change journal is kept: in memory, in the state file."""
