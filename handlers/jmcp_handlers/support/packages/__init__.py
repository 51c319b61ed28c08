"""Packages that are installed into the interpreter of a kernel."""
