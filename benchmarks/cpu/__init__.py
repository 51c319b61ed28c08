"""CPU seconds of the server per call, against a tool that does nothing on the same SDK."""
