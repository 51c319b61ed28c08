"""Every example of the spec, as a client meets it on a real server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from jmcp.testing import difference
from jmcp_api.mcp import LISTING_FILE
from tests.served import Served, configure, lab
from tests.surfaces.contract import answers
from tests.surfaces.contract.examples import Example, load, one_of_each
from tests.surfaces.contract.folder import Folder, Stage
from tests.surfaces.contract.surfaces import Mcp, PythonClient, Rest, Surface, ToolsCall
from tests.thorough import fast_only, thorough
from tests.typed import as_lists, filled

EXAMPLES, FIXTURES = load()
CLIENT_TOOLS = ("use_notebook", "read_notebook", "insert_execute_code_cell", "apply_edits")
"""Tables, progress, and objects as arguments: what a client makes of them."""


PAGES = (None, "lab_page_refused")
"""What an example ends with that needs a page."""


@cache
def output_schemas() -> dict[str, Any]:
    listing = json.loads(files("jmcp_api").joinpath(LISTING_FILE).read_text())
    return {tool["name"]: as_lists(tool["outputSchema"]) for tool in listing}


@pytest.fixture
async def folder(served: Served) -> AsyncIterator[Folder]:
    folder = Folder(served)
    await folder.empty()  # other tests on this server leave files
    yield folder
    await folder.empty()


async def check(example: Example, surface: Surface, folder: Stage) -> None:
    fixture = FIXTURES[example.given]
    arguments = await folder.prepare(example, fixture)
    try:
        answer = await surface.call(example.tool, arguments)
    finally:
        await folder.leave()
    raises = example.raises
    if fixture.page is not None and not folder.takes_pages and raises in PAGES:
        raises = "no_lab_page"
    if raises is not None:
        assert answer.error == raises, answer.text
        assert len(answer.text) > 20, "an error tells the fact, the limit and the next call"
        return
    assert answer.error is None, answer.text
    assert difference(example.returns or {}, answer.result) is None, answer.result
    Draft202012Validator(output_schemas()[example.tool]).validate(answer.result)


# All of them on the fakes too (tests/unit/handlers), of every toolset. What succeeds comes over REST here;
# that MCP means the same by it, tool by tool, is for tests/surfaces/parity.
@pytest.mark.parametrize(
    "example",
    fast_only(
        EXAMPLES,
        *(one for one in one_of_each(EXAMPLES) if one.raises or one.tool in CLIENT_TOOLS),
    ),
    ids=str,
)
async def test_over_mcp(example: Example, served: Served, folder: Folder) -> None:
    await check(example, Mcp(served, "auto"), folder)


@thorough
@pytest.mark.parametrize("example", one_of_each(EXAMPLES), ids=str)
async def test_over_handshake_era_mcp(example: Example, served: Served, folder: Folder) -> None:
    await check(example, Mcp(served, "legacy"), folder)


SUCCESSES = [example for example in one_of_each(EXAMPLES) if example.raises is None]


@pytest.mark.oldest
@pytest.mark.parametrize("example", fast_only(one_of_each(EXAMPLES), *SUCCESSES), ids=str)
async def test_over_rest(example: Example, served: Served, folder: Folder) -> None:
    rest = Rest(served)
    await check(example, rest, folder)
    if answers.UPDATES:
        answers.record(example, rest.status, rest.body)
    known = answers.recorded()[example.tool][example.name]
    assert known["status"] == rest.status
    assert known["body"].keys() - OFTEN == rest.body.keys() - OFTEN


OFTEN = {"notices", "saved"}
"""What an answer may have in one run and not in another."""


@pytest.mark.parametrize("example", one_of_each(EXAMPLES), ids=str)
def test_the_document_shows_what_is_answered(example: Example) -> None:
    known = answers.recorded()[example.tool][example.name]
    if example.raises is not None:
        assert known["body"]["code"] == example.raises
        assert known["body"]["status"] == known["status"]
        return
    data = filled(example.tool, known["body"], example.call)
    assert difference(example.returns or {}, data) is None, data
    Draft202012Validator(output_schemas()[example.tool]).validate(data)


def test_nothing_else_is_recorded() -> None:
    known = {(tool, name) for tool, rows in answers.recorded().items() for name in rows}
    assert known <= {(example.tool, example.name) for example in EXAMPLES}


@thorough
@pytest.mark.parametrize("example", one_of_each(EXAMPLES), ids=str)
async def test_over_tools_call(example: Example, served: Served, folder: Folder) -> None:
    await check(example, ToolsCall(served), folder)


@pytest.mark.parametrize(
    "example",
    fast_only(EXAMPLES, *(one for one in one_of_each(EXAMPLES) if one.tool in CLIENT_TOOLS)),
    ids=str,
)
async def test_over_the_python_client(example: Example, served: Served, folder: Folder) -> None:
    await check(example, PythonClient(served), folder)


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A JupyterLab without collaboration below a base_url: notebooks are files there."""
    base = tmp_path_factory.mktemp("plain")
    off = {"jpserver_extensions": {"jupyter_server_ydoc": False}}
    configure(base / "home", {"ServerApp": off | {"base_url": "/user/ada/"}})
    with lab(base / "home", base / "root") as served:
        yield served


@pytest.fixture
async def plain_folder(plain: Served) -> AsyncIterator[Folder]:
    folder = Folder(plain)
    yield folder
    await folder.empty()


@thorough
@pytest.mark.parametrize("example", one_of_each(EXAMPLES), ids=str)
async def test_in_a_plain_jupyterlab_without_collaboration(
    example: Example, plain: Served, plain_folder: Folder
) -> None:
    await check(example, Mcp(plain, "auto"), plain_folder)


async def test_without_collaboration_every_result_says_so(
    plain: Served, plain_folder: Folder
) -> None:
    FIXTURES["one_code_cell"].write(plain.root)
    tools = ToolsCall(plain)
    opened = await tools.call("use_notebook", {"notebook_path": "example.ipynb"})
    assert opened.result is not None
    assert (plain.url.endswith("/user/ada/"), opened.result["document"]) == (True, "file")
    session = {"session_id": opened.result["session_id"]}
    edit = {"cell_index": 0, "cell_source": "x = 1"}
    changed = await tools.call("overwrite_cell_source", session | edit)
    assert changed.result is not None
    assert (changed.result["document"], changed.result["saved"]) == ("file", "saved")
    assert '"x = 1"' in (plain.root / "example.ipynb").read_text()
