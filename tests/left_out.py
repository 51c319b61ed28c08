"""Nothing is left out silently where everything is supposed to run.

A test that lacks something says so in one line and skips. With JMCP_REQUIRE_ALL set, as `.ci/run`
sets it, that is a failure. And each test has a name of its own: pytest-xdist runs one of those that
share a name.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator

import pytest

from tests.thorough import deselect


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    shared = [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]
    if shared:
        raise pytest.UsageError(f"these names are of more than one test: {', '.join(shared)}")
    deselect(config, items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    required = bool(os.environ.get("JMCP_REQUIRE_ALL"))
    if required and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"left out although JMCP_REQUIRE_ALL is set: {reason}"
    return report
