"""Fixtures that every test folder may use."""

from tests.jupyter_process import jupyter, jupyter_home
from tests.served import served

__all__ = ["jupyter", "jupyter_home", "served"]
