"""`jmcp run`: a whole notebook, run through a jmcp server, with parameters and a copy for the output."""
