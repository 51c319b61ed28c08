"""Notebooks as files of the Jupyter Server in this process, and which of them is which."""
