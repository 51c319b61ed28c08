"""Notebooks as files, through the contents API, where there is no collaboration."""
