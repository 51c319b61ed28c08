"""Prompts: listed, given and refused, in both protocol eras."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import mcp_types as types
import pytest
from mcp.shared.exceptions import MCPError

from jmcp.compose import API
from jmcp.core.calls.call import Caller
from tests.fakes.jmcp import FakeJmcp
from tests.surfaces.mcp.connections import ERAS, Era, connected_to

PEER = Caller(owner="holder", authenticated=True, connection="stdio:1")


@pytest.fixture
async def jmcp() -> AsyncIterator[FakeJmcp]:
    made = FakeJmcp()
    made.documents.write("a.ipynb", "x = 6", "print(x)", "x * 7")
    async with made.running():
        yield made


def text_of(given: types.GetPromptResult) -> str:
    (message,) = given.messages
    assert message.role == "user"
    assert isinstance(message.content, types.TextContent)
    return message.content.text


@contextmanager
def refused(*parts: str, code: int = types.INVALID_PARAMS) -> Iterator[None]:
    with pytest.raises(MCPError) as refusal:
        yield
    assert refusal.value.error.code == code
    for part in parts:
        assert part in refusal.value.error.message


@pytest.mark.parametrize("era", ERAS)
async def test_prompts_are_listed_as_declared(jmcp: FakeJmcp, era: Era) -> None:
    async with connected_to(jmcp, era) as client:
        assert client.server_capabilities.prompts is not None
        listed = (await client.list_prompts()).prompts
    assert [prompt.name for prompt in listed] == ["jupyter_cite", "mend_cell", "tidy_notebook"]
    for prompt, declared in zip(listed, API.prompts.values(), strict=True):
        assert (prompt.title, prompt.description) == (declared.title, declared.description)
        arguments = [(one.name, bool(one.required)) for one in prompt.arguments or ()]
        assert arguments == [(one.name, one.required) for one in declared.arguments]
        assert all(one.description for one in prompt.arguments or ())


@pytest.mark.parametrize("era", ERAS)
async def test_cells_are_cited_in_front_of_the_question(jmcp: FakeJmcp, era: Era) -> None:
    async with connected_to(jmcp, era) as client:
        given = await client.get_prompt(
            "jupyter_cite",
            {"prompt": "Why {{ 7 }}?", "cell_indices": "0,2-", "notebook_name": "a.ipynb"},
        )
    text = text_of(given)
    assert text.index("x = 6") < text.index("x * 7") < text.index("Why {{ 7 }}?")
    assert "print(x)" not in text


async def test_without_a_notebook_it_cites_the_current_one(jmcp: FakeJmcp) -> None:
    await jmcp.open("a.ipynb", PEER)
    async with connected_to(jmcp, "auto", PEER) as client:
        given = await client.get_prompt("jupyter_cite", {"prompt": "Why?", "cell_indices": "1"})
    assert "print(x)" in text_of(given)


@pytest.mark.parametrize("era", ERAS)
async def test_what_cannot_be_cited_is_said(jmcp: FakeJmcp, era: Era) -> None:
    async with connected_to(jmcp, era) as client:
        cite = {"prompt": "Why?", "notebook_name": "a.ipynb"}
        with refused("'2-x'", "0-2,4"):
            await client.get_prompt("jupyter_cite", cite | {"cell_indices": "2-x"})
        with refused("3 cells (0 to 2)"):
            await client.get_prompt("jupyter_cite", cite | {"cell_indices": "3-"})
        with refused("no.ipynb"):
            gone = {"cell_indices": "0", "notebook_name": "no.ipynb"}
            await client.get_prompt("jupyter_cite", cite | gone)
        with refused("which notebook"):
            await client.get_prompt("jupyter_cite", {"prompt": "Why?", "cell_indices": "0"})


@pytest.mark.parametrize("era", ERAS)
async def test_what_was_not_asked_for_rightly_is_said(jmcp: FakeJmcp, era: Era) -> None:
    async with connected_to(jmcp, era) as client:
        with refused("jupyter_cite, mend_cell", "'cite'"):
            await client.get_prompt("cite", {})
        with refused("prompt, cell_indices"):
            await client.get_prompt("jupyter_cite")
        with refused("cell_id", "cell"):
            await client.get_prompt("mend_cell", {"notebook_path": "a.ipynb", "cell": "c0"})


@pytest.mark.parametrize("name", [one.name for one in API.prompts.values() if not one.cites])
async def test_a_prompt_says_what_was_given_and_only_that(jmcp: FakeJmcp, name: str) -> None:
    declared = API.prompts[name]
    least = {one.name: f"<{one.name}>" for one in declared.arguments if one.required}
    most = {one.name: f"<{one.name}>" for one in declared.arguments}
    async with connected_to(jmcp, "auto") as client:
        short = text_of(await client.get_prompt(declared.name, least))
        long = text_of(await client.get_prompt(declared.name, most))
    for argument, value in most.items():
        assert (value in short) == (argument in least)
        assert value in long
    assert "{" not in short + long
    assert "None" not in short + long


@pytest.mark.parametrize("name", API.prompts)
def test_prompts_name_tools_that_every_client_has(name: str) -> None:
    words = {word.strip("().,:;") for word in API.prompts[name].text.split()}
    named = {word for word in words if word in API.tools}
    assert {API.tools[tool].toolset for tool in named} <= {"core"}
    # A word of that form that is neither a tool nor an argument is a tool that was renamed.
    known = {"session_id", "response_format", "include_outputs", "cell_id", "notebook_path"}
    assert {word for word in words if "_" in word} <= named | known
