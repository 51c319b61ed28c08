"""Notebooks as live shared documents, wherever their room is."""
