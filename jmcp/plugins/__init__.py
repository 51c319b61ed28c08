"""Toolsets of other packages: which are installed, and how they come into the API."""
