"""Sessions: how a call finds its own, what it holds, how long it lives."""
