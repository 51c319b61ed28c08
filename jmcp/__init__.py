"""jmcp: live Jupyter notebooks for agents, REST clients and people."""
