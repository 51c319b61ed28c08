"""Tabs of jmcp's labextension, in the rooms of this process."""
