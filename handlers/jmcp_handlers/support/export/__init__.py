"""Notebooks in other formats, made by nbconvert."""
