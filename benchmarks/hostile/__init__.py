"""Hostile input: what other clients wait while it is processed."""
