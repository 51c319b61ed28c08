"""What outlives a process: the state folder, tokens, session records."""
