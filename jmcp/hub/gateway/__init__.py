"""The gateway: one URL of MCP and REST for all users of a JupyterHub, a service of that Hub.

It has no rights of its own there. Each call to the Hub, and each to a user's server, is made with a
token of that user.
"""
