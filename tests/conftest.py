"""Fixtures that every test folder may use."""

import tests.before_jupyter  # for what it does
import tests.one_tls_context  # noqa: F401 # for what it does
from tests.conversions import conversions_in_this_process
from tests.garbage import pytest_collection
from tests.jupyter_process import jupyter, jupyter_home
from tests.left_out import pytest_collection_modifyitems, pytest_runtest_makereport
from tests.node_tools import node_tools
from tests.ports.stores.redis_server import redis_url
from tests.served import served
from tests.unclosed_connections import tell_of_unclosed_connections

__all__ = [
    "conversions_in_this_process",
    "jupyter",
    "jupyter_home",
    "node_tools",
    "pytest_collection",
    "pytest_collection_modifyitems",
    "pytest_runtest_makereport",
    "redis_url",
    "served",
]


tell_of_unclosed_connections()
