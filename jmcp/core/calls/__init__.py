"""One call: from arguments to a rendered result."""
