"""Exports in this process, whose one import of nbconvert then serves all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from jmcp_api.enums import ExportFormat
from jmcp_handlers.support.export import conversion
from jmcp_handlers.support.export.conversion_process import converted


def in_this_process(notebook: Mapping[str, Any], kind: ExportFormat, name: str) -> dict[str, bytes]:
    return converted(dict(notebook), kind, name)


@pytest.fixture(scope="session", autouse=True)
def conversions_in_this_process() -> Iterator[None]:
    """Servers of their own are not concerned: they convert as they do for anybody."""
    conversion.converter = in_this_process
    yield
    conversion.converter = conversion.by_process
