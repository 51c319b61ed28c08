"""Notebooks and files: `live` and `file` are the two modes, `local` and `remote` the two places."""
