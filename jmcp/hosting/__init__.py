"""The processes that jmcp runs in: the extension, an embedded JupyterLab, one of its own."""
