"""What clients in Python get: a method for each tool, and typed results."""
