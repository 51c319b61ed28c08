"""Outputs of runs: from kernel messages to nbformat."""
