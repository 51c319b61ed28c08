"""The gateway of a JupyterHub: what it adds to a call, many users at once, cold starts, its memory."""
