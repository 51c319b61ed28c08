"""Paths, models and nbformat cells: what both modes and both places share."""
