"""Calls of tools that other packages bring: as jmcp's own, and what is wrong in one stays in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from jmcp.compose import API
from jmcp.core.calls.call import Caller
from jmcp.plugins.additions import extended, handlers_with
from jmcp.plugins.loading import load
from jmcp.toolsets import Toolset
from jmcp.transport.mcp.tool_list import ToolList
from jmcp_example_review import TOOLSET as REVIEW
from jmcp_handlers import HANDLERS
from tests.calls import ALICE
from tests.fakes.jmcp import FakeJmcp
from tests.unit.plugins.conftest import Install

READER = Caller(owner="alice", authenticated=True, scopes=frozenset(("read",)))


@asynccontextmanager
async def jmcp_with(install: Install, toolset: Toolset) -> AsyncIterator[FakeJmcp]:
    """A jmcp in which that toolset is installed, with a notebook."""
    loaded = load([install(toolset.name, toolset, "jmcp-x 1.2")])
    options = {"api": extended(API, loaded), "handlers": handlers_with(HANDLERS, loaded)}
    async with FakeJmcp(options=options).running() as jmcp:
        jmcp.documents.write("a.ipynb", "x = 6", "y = 1  # TODO: the unit")
        yield jmcp


def with_handler(handler: Any) -> Toolset:
    """The example, of which find_todos does something else."""
    handlers = SimpleNamespace(
        find_todos=handler, profile_dataframe=REVIEW.handlers.profile_dataframe
    )
    return replace(REVIEW, handlers=handlers)


async def test_a_tool_of_another_package_works_in_sessions(install: Install) -> None:
    async with jmcp_with(install, REVIEW) as jmcp:
        session = await jmcp.open("a.ipynb")
        outcome = await jmcp.dispatcher.call("find_todos", {"session_id": session}, ALICE)
        assert outcome.text.splitlines()[0] == "1 note for later"
        assert outcome.result == {
            "todos": {
                "columns": ["cell_index", "cell_id", "line", "mark", "text"],
                "rows": [[1, "c1", 1, "todo", "the unit"]],
            }
        }
        # Nothing else finds its session in another way.
        assert (await jmcp.fail("find_todos", session_id="nosuchone"))[
            "code"
        ] == "session_not_found"
        assert (await jmcp.fail("find_todos", mark="later"))["code"] == "invalid_arguments"


async def test_its_scopes_are_asked_for(install: Install) -> None:
    async with jmcp_with(install, REVIEW) as jmcp:
        session = await jmcp.open("a.ipynb")
        refused = await jmcp.fail("profile_dataframe", READER, session_id=session, name="x")
        assert (refused["code"], refused["details"]["needs"]) == ("not_permitted", "execute")


async def test_its_notices_have_their_sentences(install: Install) -> None:
    from jmcp_example_review.api.models import TodoList
    from jmcp_example_review.api.notices import RowsSampled

    async def noticing(_: Any, session: Any) -> TodoList:
        session.notice(RowsSampled(rows=200_000, sampled=100_000))
        return TodoList(todos=[])

    async with jmcp_with(install, with_handler(noticing)) as jmcp:
        session = await jmcp.open("a.ipynb")
        found = await jmcp.dispatcher.call("find_todos", {"session_id": session}, ALICE)
        assert found.result is not None
        [notice] = found.result["notices"]
        assert notice["code"] == "rows_sampled"
        assert notice["message"].startswith("The frame has 200,000 rows;")


class CannotBeCaughtError(BaseException):
    """As a native library that panics raises it."""


@pytest.mark.parametrize(
    "error", [ValueError("oh"), SystemExit(3), CannotBeCaughtError()], ids=repr
)
async def test_a_handler_that_raises_is_named_with_its_package(
    install: Install, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    async def raising(*_: Any) -> Any:
        raise error

    async with jmcp_with(install, with_handler(raising)) as jmcp:
        session = await jmcp.open("a.ipynb")
        failed = await jmcp.fail("find_todos", session_id=session)
        assert failed["code"] == "internal_error"
        assert failed["message"].startswith(
            "find_todos failed because of a bug in jmcp-x 1.2, which brings this tool."
        )
        assert "in find_todos of jmcp-x 1.2" in caplog.text
        assert await jmcp.call("read_cell", session_id=session, cell_index=0)


async def test_a_handler_that_returns_something_else(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    async def forgetful(*_: Any) -> Any:
        return None

    async with jmcp_with(install, with_handler(forgetful)) as jmcp:
        session = await jmcp.open("a.ipynb")
        failed = await jmcp.fail("find_todos", session_id=session)
        assert "a bug in jmcp-x 1.2" in failed["message"]
        assert "find_todos returned NoneType instead of TodoList" in caplog.text


async def test_an_alias_calls_the_handler_of_its_tool(install: Install) -> None:
    alias = replace(REVIEW.tools["find_todos"], name="find_fixmes", presets={"mark": "fixme"})
    async with jmcp_with(
        install, replace(REVIEW, tools={**REVIEW.tools, alias.name: alias})
    ) as jmcp:
        session = await jmcp.open("a.ipynb")
        found = await jmcp.dispatcher.call("find_fixmes", {"session_id": session}, ALICE)
        assert found.result == {"todos": {"columns": [], "rows": []}}


@pytest.mark.parametrize(
    ("toolsets", "shown"), [(("core",), False), (("core", "review"), True), (("all",), True)]
)
def test_mcp_clients_see_it_when_its_toolset_is_chosen(
    install: Install, toolsets: tuple[str, ...], shown: bool
) -> None:
    listed = ToolList(extended(API, load([install("review", REVIEW)])), toolsets)
    assert ("find_todos" in listed.names, "read_cell" in listed.names) == (shown, True)


def test_a_toolset_that_is_chosen_and_cannot_be_used_stops_nothing(install: Install) -> None:
    api = extended(API, load([install("review", "nothing")]))
    assert ToolList(api, ("core", "review")).names == ToolList(API, ("core",)).names
    with pytest.raises(ValueError, match="no toolset revue"):
        ToolList(api, ("core", "revue"))


def test_without_any_the_api_is_jmcps_own() -> None:
    assert extended(API, load([])) is API
    assert handlers_with(HANDLERS, load([])) is HANDLERS
