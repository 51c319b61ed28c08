"""Edits of a notebook: one lease per call, and who learns of each change."""
