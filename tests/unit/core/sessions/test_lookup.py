"""What it costs to find the session that a path means."""

from __future__ import annotations

import pytest

from tests.calls import ALICE
from tests.fakes.jmcp import FakeJmcp


@pytest.mark.parametrize("path", ["a.ipynb", "./a.ipynb", "a"])
async def test_jupyter_is_asked_once_whose_notebook_it_is(path: str) -> None:
    jmcp = FakeJmcp()
    for name in ("a.ipynb", "b.ipynb"):
        jmcp.documents.write(name, "1")
    async with jmcp.running():
        mine = await jmcp.open("a.ipynb")
        for _ in range(20):
            await jmcp.open("b.ipynb")
        asked = len(jmcp.faults.reached)
        tool = jmcp.dispatcher.api.tools["read_notebook"]
        record = await jmcp.dispatcher.sessions.find(tool, None, path, ALICE)
        assert record.session_id == mine
        assert jmcp.faults.reached[asked:].count("documents.identify") == 1
        error = await jmcp.fail("read_notebook", notebook_path="nowhere.ipynb")
        assert error["code"] == "session_required"
