"""What the generated client stands on: one that calls tools of a running server over HTTP.

Imports nothing of Jupyter, of MCP and of web frameworks: a command line has to be there at once.
"""
