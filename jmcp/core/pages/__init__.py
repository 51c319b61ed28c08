"""Pages of JupyterLab in people's browsers that are connected to this server."""
