"""Tools about what was changed: by whom, compared with what, and taken back."""
