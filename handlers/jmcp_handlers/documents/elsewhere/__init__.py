"""Notebooks of a Jupyter Server elsewhere: over its REST API and its websockets."""
