"""Builds what is released. Not a part of it."""
