"""The real handlers on the fakes of the ports."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fakes.jmcp import FakeJmcp


@pytest.fixture
async def jmcp() -> AsyncIterator[FakeJmcp]:
    """With a notebook of three code cells, c0 to c2, which is live."""
    made = FakeJmcp()
    made.documents.write("a.ipynb", "x = 6", "print(x)", "x * 7")
    async with made.running():
        yield made
    assert not +made.documents.held, "a document is still held"


@pytest.fixture
async def session(jmcp: FakeJmcp) -> str:
    """A session on that notebook."""
    return await jmcp.open("a.ipynb")
