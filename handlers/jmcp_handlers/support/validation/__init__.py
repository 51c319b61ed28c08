"""Whether a notebook is valid, and whether it would run from top to bottom."""
