"""What jmcp's labextension talks to: pages of JupyterLab and Notebook, on Jupyter's port.

These modules load while Jupyter starts, so they import nothing of the MCP SDK.
"""
