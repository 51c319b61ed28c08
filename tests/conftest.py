"""Fixtures that every test folder may use."""

from tests.jupyter_process import jupyter, jupyter_home

__all__ = ["jupyter", "jupyter_home"]
