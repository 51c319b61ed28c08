"""Outputs as results show them: text, tables, images."""
