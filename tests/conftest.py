"""Fixtures that every test folder may use."""

from tests.jupyter_process import jupyter, jupyter_home
from tests.left_out import pytest_collection_modifyitems, pytest_runtest_makereport
from tests.served import served
from tests.stores.redis_server import redis_url

__all__ = [
    "jupyter",
    "jupyter_home",
    "pytest_collection_modifyitems",
    "pytest_runtest_makereport",
    "redis_url",
    "served",
]
