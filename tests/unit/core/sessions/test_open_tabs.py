"""Without collaboration, a session is told once that a browser does not show what it does."""

from __future__ import annotations

from typing import Any

import pytest

from jmcp.core.errors import JupyterUnreachable
from jmcp.core.ports import DocumentMode
from jmcp.core.sessions import open_tabs
from tests.fakes.jmcp import FakeJmcp


async def codes(jmcp: FakeJmcp, session: str, tool: str, **arguments: Any) -> list[str]:
    result = await jmcp.call(tool, session_id=session, **arguments)
    return [notice["code"] for notice in result["notices"]]


async def opened(jmcp: FakeJmcp, *, tabs: int) -> str:
    """A session on a notebook whose kernel runs, and that so many tabs show."""
    jmcp.documents.write("a.ipynb", "x = 6")
    session = await jmcp.open("a.ipynb")
    await jmcp.call("execute_code", session_id=session, code="1", wait=5)
    for kernel in jmcp.kernels.kernels.values():
        kernel.others = tabs
    return session


@pytest.fixture(autouse=True)
def looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_tabs, "LOOK_INTERVAL_SECONDS", 0)


async def test_each_session_is_told_once_by_whatever_it_calls() -> None:
    async with FakeJmcp(mode="file").running() as jmcp:
        session = await opened(jmcp, tabs=1)
        insert = {"cell_index": 0, "cell_type": "code", "cell_source": "1"}
        assert "tab_not_updated" in await codes(jmcp, session, "insert_cell", **insert)
        assert "tab_not_updated" not in await codes(jmcp, session, "insert_cell", **insert)
        opening = await jmcp.call("use_notebook", notebook_path="a.ipynb")
        (told,) = [one for one in opening["notices"] if one["code"] == "tab_not_updated"]
        assert told["details"] == {"path": "a.ipynb"}


async def test_a_call_that_fails_has_told_nothing() -> None:
    async with FakeJmcp(mode="file").running() as jmcp:
        session = await opened(jmcp, tabs=1)
        await jmcp.fail("read_cell", session_id=session, cell_id="none")
        assert "tab_not_updated" in await codes(jmcp, session, "read_notebook")


@pytest.mark.parametrize(("mode", "tabs"), [("file", 0), ("live", 1)])
async def test_nobody_is_told_of_no_tab_or_one_that_follows(mode: DocumentMode, tabs: int) -> None:
    async with FakeJmcp(mode=mode).running() as jmcp:
        session = await opened(jmcp, tabs=tabs)
        assert "tab_not_updated" not in await codes(jmcp, session, "read_notebook")


@pytest.mark.parametrize(
    ("mode", "code"), [("file", "tab_not_updated"), ("live", "open_elsewhere")]
)
async def test_a_page_that_has_opened_the_file_is_told_unless_it_was_closed(
    mode: DocumentMode, code: str
) -> None:
    async with FakeJmcp(mode=mode).running() as jmcp:
        session = await opened(jmcp, tabs=0)
        jmcp.documents.beside.add("a.ipynb")
        # A tab is connected to its kernel for as long as it is open.
        assert code not in await codes(jmcp, session, "read_notebook")
        for kernel in jmcp.kernels.kernels.values():
            kernel.others = 1
        assert code in await codes(jmcp, session, "read_notebook")
        assert code not in await codes(jmcp, session, "read_notebook")


async def test_a_page_without_a_kernel_is_told_too() -> None:
    async with FakeJmcp(mode="live").running() as jmcp:
        jmcp.documents.write("a.ipynb", "x = 6")
        jmcp.documents.beside.add("a.ipynb")
        opening = await jmcp.call("use_notebook", notebook_path="a.ipynb")
        assert "open_elsewhere" in [notice["code"] for notice in opening["notices"]]


async def test_a_look_that_fails_fails_no_call() -> None:
    async with FakeJmcp(mode="file").running() as jmcp:
        session = await opened(jmcp, tabs=1)
        jmcp.faults.fail("kernels.list", JupyterUnreachable("away"))
        assert "tab_not_updated" not in await codes(jmcp, session, "read_notebook")
        assert "tab_not_updated" in await codes(jmcp, session, "read_notebook")
