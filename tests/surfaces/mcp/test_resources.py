"""Resources: listed, read, completed and refused, in both protocol eras."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import mcp_types as types
import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError

from jmcp.compose import API
from jmcp.core.calls.call import Caller
from jmcp.core.calls.permissions import Permissions
from jmcp_api.resources import CELL, NOTEBOOK, OUTPUT
from tests.fakes.jmcp import FakeJmcp
from tests.surfaces.mcp.connections import ERAS, Era, connected_to

PNG = b"\x89PNG and more"
ODD_PATH = "d e/ü #1 50%.ipynb"


@pytest.fixture
async def jmcp() -> AsyncIterator[FakeJmcp]:
    made = FakeJmcp()
    made.documents.write("a.ipynb", "x = 6", "print(x)")
    made.documents.write(ODD_PATH, "z = 1")
    data = {"image/png": base64.b64encode(PNG).decode(), "text/plain": "<Figure \ud83d>"}
    plot = {"output_type": "display_data", "data": data, "metadata": {}}
    made.documents.show("a.ipynb", "c1", plot)
    async with made.running():
        yield made
    assert not +made.documents.held


@contextmanager
def not_found(era: Era, part: str = "") -> Iterator[None]:
    """As the revision has it: a code of its own, or that of invalid params."""
    with pytest.raises(MCPError) as refusal:
        yield
    assert refusal.value.error.code == (-32002 if era == "legacy" else types.INVALID_PARAMS)
    assert part in refusal.value.error.message
    assert refusal.value.error.data["code"].endswith("_not_found")
    assert refusal.value.error.data["uri"].startswith(("notebook://", "execution://", "file://"))


def text_of(read: types.ReadResourceResult) -> str:
    (contents,) = read.contents
    assert isinstance(contents, types.TextResourceContents)
    return contents.text


def output(mime_type: str, cell_id: str = "c1") -> str:
    return OUTPUT.uri_of(path="a.ipynb", cell_id=cell_id, output="0", mime_type=mime_type)


async def completed(client: Client, ref: Any, name: str, value: str, **known: str) -> list[str]:
    answer = await client.complete(ref, {"name": name, "value": value}, context_arguments=known)
    return answer.completion.values


@pytest.mark.parametrize("era", ERAS)
async def test_what_there_is_is_announced_and_listed(jmcp: FakeJmcp, era: Era) -> None:
    async with connected_to(jmcp, era) as client:
        assert client.server_capabilities.resources is not None
        assert client.server_capabilities.completions is not None
        listed = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        assert [(one.name, one.uri, one.mime_type) for one in listed] == [
            ("a.ipynb", "notebook://a.ipynb", "text/markdown"),
            (ODD_PATH, NOTEBOOK.uri_of(path=ODD_PATH), "text/markdown"),
        ]
        assert [one.uri_template for one in templates] == [one.uri for one in API.resources]
        for one in listed:
            assert text_of(await client.read_resource(one.uri))


@pytest.mark.parametrize("era", ERAS)
async def test_a_long_list_has_pages(jmcp: FakeJmcp, era: Era) -> None:
    for number in range(1_000):
        jmcp.documents.write(f"n{number:04d}-{'x' * 100}.ipynb", "1")
    async with connected_to(jmcp, era) as client:
        names: list[str] = []
        cursor = None
        while True:
            page = await client.list_resources(cursor=cursor)
            names += [one.name for one in page.resources]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert len(names) == len(set(names)) == 1_002
        for odd in ("-1", "x", "9" * 30):
            with pytest.raises(MCPError) as refusal:
                await client.list_resources(cursor=odd)
            assert refusal.value.error.code == types.INVALID_PARAMS


@pytest.mark.parametrize("era", ERAS)
async def test_text_is_text_and_bytes_are_a_blob(jmcp: FakeJmcp, era: Era) -> None:
    async with connected_to(jmcp, era) as client:
        (image,) = (await client.read_resource(output("image/png"))).contents
        assert isinstance(image, types.BlobResourceContents)
        assert base64.b64decode(image.blob) == PNG
        assert (image.mime_type, image.uri) == ("image/png", output("image/png"))
        # Half a surrogate pair, which a kernel may print, is nothing that JSON can say.
        assert text_of(await client.read_resource(output("text/plain"))) == "<Figure ?>"
        cell = await client.read_resource(CELL.uri_of(path="a.ipynb", cell_id="c0"))
        assert "x = 6" in text_of(cell)


@pytest.mark.parametrize("era", ERAS)
async def test_what_is_not_there_is_not_found(jmcp: FakeJmcp, era: Era) -> None:
    async with connected_to(jmcp, era) as client:
        for uri, part in (
            ("notebook://b.ipynb", "b.ipynb"),
            (CELL.uri_of(path="a.ipynb", cell_id="nope"), "2 cells"),
            (output("image/png", "c0"), "0 outputs"),
            (output("text/html"), "image/png, text/plain"),
            ("file:///etc/passwd", "notebook://{path}"),
            ("execution://nope/outputs/0/text/plain", "no run of yours"),
        ):
            with not_found(era, part):
                await client.read_resource(uri)


@pytest.mark.parametrize("era", ERAS)
async def test_who_may_not_read_reads_nothing(era: Era) -> None:
    nobody = Caller(owner="a", authenticated=True, scopes=frozenset())
    made = FakeJmcp(options={"permissions": Permissions(API)})
    made.documents.write("a.ipynb", "x = 6")
    async with made.running(), connected_to(made, era, nobody) as client:
        for ask in (
            client.read_resource("notebook://a.ipynb"),
            client.list_resources(),
            client.get_prompt(
                "jupyter_cite",
                {"prompt": "?", "cell_indices": "0", "notebook_name": "a.ipynb"},
            ),
        ):
            with pytest.raises(MCPError) as refusal:
                await ask
            assert refusal.value.error.data["code"] == "not_permitted"


@pytest.mark.parametrize("era", ERAS)
async def test_parts_of_a_uri_are_completed(jmcp: FakeJmcp, era: Era) -> None:
    async with connected_to(jmcp, era) as client:
        ref = types.ResourceTemplateReference(uri=OUTPUT.uri)
        assert await completed(client, ref, "path", "A") == ["a.ipynb"]
        path = {"path": "a.ipynb"}
        assert await completed(client, ref, "cell_id", "", **path) == ["c0", "c1"]
        cell = {**path, "cell_id": "c1"}
        assert await completed(client, ref, "output", "", **cell) == ["0"]
        types_ = await completed(client, ref, "mime_type", "image", **cell, output="0")
        assert types_ == ["image/png"]
        assert await completed(client, ref, "mime_type", "", **cell, output="x") == []
        assert await completed(client, ref, "cell_id", "", path="no.ipynb") == []
        assert await completed(client, ref, "nothing", "") == []
        with pytest.raises(MCPError):
            await completed(client, types.ResourceTemplateReference(uri="x://{y}"), "y", "")


@pytest.mark.parametrize("era", ERAS)
async def test_arguments_of_prompts_are_completed(jmcp: FakeJmcp, era: Era) -> None:
    async with connected_to(jmcp, era) as client:
        cite = types.PromptReference(name="jupyter_cite")
        assert await completed(client, cite, "notebook_name", "a") == ["a.ipynb"]
        assert await completed(client, cite, "prompt", "a") == []
        mend = types.PromptReference(name="mend_cell")
        found = await completed(client, mend, "cell_id", "c", notebook_path="a.ipynb")
        assert found == ["c0", "c1"]
        with pytest.raises(MCPError):
            await completed(client, types.PromptReference(name="nope"), "a", "")
