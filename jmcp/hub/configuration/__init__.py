"""The configuration of a JupyterHub for jmcp, and what `jmcp hub check` says of it."""
