"""The processes that jmcp runs in: a Jupyter Server as its extension, an embedded JupyterLab, or a
standalone server."""
