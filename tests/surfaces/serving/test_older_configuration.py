"""The configuration of the public jupyter-mcp-server, as its README has it, through real processes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import ImageContent, TextContent

from tests.notebooks import notebook_text
from tests.served import Served, environment, jupyter_server
from tests.stdio import client

PLOT = (
    "from IPython.display import Image\n"
    "import base64\n"
    "Image(base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNg+M/wHwAEAQH/"
    "7yMK/gAAAABJRU5ErkJggg=='))"
)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Jupyter Server with collaboration, as that README starts one."""
    base = tmp_path_factory.mktemp("older")
    with jupyter_server(base / "home", base / "root") as server:
        (server.root / "notebook.ipynb").write_text(notebook_text("answer = 6 * 7"))
        yield server


def configured(home: Path, jupyter: Served, **variables: str) -> StdioServerParameters:
    """`"command": "uvx", "args": ["jmcp"], "env": {...}`: the command alone, all else in variables."""
    home.mkdir(parents=True, exist_ok=True)
    own = {name: value for name, value in environment(home).items() if name != "JMCP_TOOLSET"}
    given = {"JUPYTER_URL": jupyter.url.rstrip("/"), "JUPYTER_TOKEN": jupyter.token, **variables}
    return StdioServerParameters(
        command=sys.executable, args=["-m", "jmcp"], env=own | given, cwd=home
    )


async def called(connected: Client, tool: str, **arguments: Any) -> tuple[str, bool]:
    """What a model reads of a call, and whether it has an image."""
    result = await connected.call_tool(tool, arguments)
    assert not result.is_error, result.content
    texts = [part.text for part in result.content if isinstance(part, TextContent)]
    return "\n".join(texts), any(isinstance(part, ImageContent) for part in result.content)


async def test_the_readmes_configuration_runs_a_cell_over_stdio(
    tmp_path: Path, plain: Served
) -> None:
    server = configured(tmp_path / "home", plain, ALLOW_IMG_OUTPUT="true")
    async with client(server, "legacy") as connected:
        names = {tool.name for tool in (await connected.list_tools()).tools}
        assert {"use_notebook", "insert_execute_code_cell", "read_notebook"} <= names
        # As a prompt for that server calls: a name for the notebook, and no session.
        opened, _ = await called(
            connected,
            "use_notebook",
            notebook_name="mine",
            notebook_path="new.ipynb",
            mode="create",
        )
        assert "new.ipynb" in opened
        ran, _ = await called(
            connected, "insert_execute_code_cell", cell_index=0, cell_source="print(6 * 7)"
        )
        assert "42" in ran
        _, image = await called(connected, "execute_code", code=PLOT)
        assert image
        read, _ = await called(connected, "read_notebook", notebook_name="mine")
        assert "print(6 * 7)" in read
        await called(connected, "unuse_notebook", notebook_name="mine")
    cells = json.loads((plain.root / "new.ipynb").read_text())["cells"]
    assert any("42" in json.dumps(cell.get("outputs")) for cell in cells)


async def test_a_document_id_needs_no_use_notebook_and_images_can_be_off(
    tmp_path: Path, plain: Served
) -> None:
    variables = {"DOCUMENT_ID": "notebook.ipynb", "ALLOW_IMG_OUTPUT": "False"}
    server = configured(tmp_path / "home", plain, **variables)
    async with client(server) as connected:
        await called(connected, "execute_cell", cell_index=0)
        ran, _ = await called(connected, "execute_code", code="answer")
        assert "42" in ran
        _, image = await called(connected, "execute_code", code=PLOT)
        assert not image
        # Another use_notebook goes on in the same session, so that no call has to say which.
        await called(connected, "use_notebook", notebook_path="second.ipynb", mode="create")
        added, _ = await called(
            connected, "insert_cell", cell_index=-1, cell_type="code", cell_source="x = 1"
        )
        assert "x = 1" in added
        await called(connected, "unuse_notebook", kernel="stop")
