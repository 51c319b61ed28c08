"""Every example of the spec on the fakes of the ports, live and in files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.fakes.jmcp import FakeJmcp
from tests.pages import KINDS, fake_page
from tests.surfaces.contract.examples import Example
from tests.surfaces.contract.folder import Stage
from tests.surfaces.contract.surfaces import Answer
from tests.surfaces.contract.test_examples import EXAMPLES, check


class Direct:
    """A surface that is none: calls go straight to the dispatcher."""

    def __init__(self, jmcp: FakeJmcp) -> None:
        self._jmcp = jmcp

    async def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        outcome = await self._jmcp.outcome(tool, **arguments)
        code = outcome.error.code if outcome.error is not None else None
        return Answer(result=outcome.result, error=code, text=outcome.text)


class FakeStage(Stage):
    def __init__(self, jmcp: FakeJmcp) -> None:
        super().__init__(Direct(jmcp))
        self._jmcp = jmcp

    async def connect_page(self, kind: str) -> None:
        page = fake_page(self._jmcp.pages, KINDS[kind])
        self._connected.callback(self._jmcp.pages.remove, page)

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            self._jmcp.documents.put_text(name, text)


@pytest.fixture(params=["live", "file"])
async def fake(request: pytest.FixtureRequest) -> AsyncIterator[FakeJmcp]:
    async with FakeJmcp(mode=request.param, journaled=True).running() as jmcp:
        yield jmcp
    assert not +jmcp.documents.held, "a document is still held"


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
async def test_it_holds(example: Example, fake: FakeJmcp) -> None:
    stage = FakeStage(fake)
    await check(example, Direct(fake), stage)
