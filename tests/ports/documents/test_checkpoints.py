"""Jupyter's checkpoints: made of the file, and put back into the document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from jupyter_server.services.contents.checkpoints import AsyncCheckpoints
from jupyter_server.services.contents.filecheckpoints import (
    AsyncFileCheckpoints,
    AsyncGenericFileCheckpoints,
)

from jmcp.core.editing.replacement import Replacement
from jmcp.core.ports import Documents, NotebookRef
from tests.document_access import editing
from tests.ports.documents.conftest import DocumentSetup
from tests.ports.documents.tab import BOUND_SECONDS, tab, until

START = Callable[..., Any]


async def put_back(documents: Documents, ref: NotebookRef) -> None:
    """As the tool does it."""
    async with editing(documents, ref) as cells:
        await documents.save(ref)
        content, _ = await documents.restored(ref, "checkpoint")
        Replacement(cells, content["cells"]).apply()


async def saved(documents: Documents, ref: NotebookRef) -> None:
    """A room whose file Jupyter has restored looks at that first, and saves the next time."""
    async with asyncio.timeout(BOUND_SECONDS):
        while await documents.save(ref) != "saved":
            pass


@pytest.mark.oldest
async def test_a_checkpoint_comes_back_into_the_document_and_the_file(
    any_server: DocumentSetup,
) -> None:
    any_server.write("sub/a.ipynb", "first", "second")
    documents = any_server.documents
    ref = await documents.identify("sub/a.ipynb")
    assert await documents.checkpoints(ref) == []
    async with editing(documents, ref) as cells:
        cells.set_source(0, "kept")
    assert await documents.save(ref) == "saved"
    made = await documents.create_checkpoint(ref)
    assert await documents.checkpoints(ref) == [made]
    assert made.last_modified.endswith("+00:00") or made.last_modified.endswith("Z")
    async with editing(documents, ref) as cells:
        cells.set_source(0, "later")
        cells.delete(1)
        cells.insert(0, "code", "new")
    await put_back(documents, ref)
    assert await any_server.texts("sub/a.ipynb") == ["kept", "second"]
    await saved(documents, ref)
    assert any_server.sources("sub/a.ipynb") == ["kept", "second"]
    # What follows is an edit as any other.
    async with editing(documents, ref) as cells:
        assert [cells.get(index).source for index in range(len(cells))] == ["kept", "second"]
        cells.set_source(1, "after")
    await saved(documents, ref)
    assert any_server.sources("sub/a.ipynb") == ["kept", "after"]
    assert await any_server.texts("sub/a.ipynb") == ["kept", "after"]


async def test_its_content_is_shown_or_known_not_to_be(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "kept")
    documents = any_server.documents
    ref = await documents.identify("a.ipynb")
    await documents.create_checkpoint(ref)
    before = any_server.text("a.ipynb")
    content = await documents.checkpoint(ref, "checkpoint")
    if content is not None:
        assert [cell["source"] for cell in content["cells"]] == ["kept"]
    assert any_server.text("a.ipynb") == before


class OpaqueCheckpoints(AsyncCheckpoints):
    """Checkpoints that only this object can read, as those in a database."""

    @property
    def _files(self) -> Any:
        return AsyncFileCheckpoints(parent=self.parent)

    async def create_checkpoint(self, contents_mgr: Any, path: str) -> Any:
        return await self._files.create_checkpoint(contents_mgr, path)

    async def restore_checkpoint(self, contents_mgr: Any, checkpoint_id: str, path: str) -> None:
        await self._files.restore_checkpoint(contents_mgr, checkpoint_id, path)

    async def list_checkpoints(self, path: str) -> Any:
        return await self._files.list_checkpoints(path)


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("kind", [OpaqueCheckpoints, AsyncGenericFileCheckpoints])
async def test_other_kinds_of_checkpoints_come_back_too(
    document_servers: Any, live: bool, kind: type
) -> None:
    server = await document_servers(
        remote=False, live=live, ContentsManager={"checkpoints_class": kind}
    )
    server.write("a.ipynb", "kept", "second")
    ref = await server.documents.identify("a.ipynb")
    await server.documents.create_checkpoint(ref)
    async with editing(server.documents, ref) as cells:
        cells.delete(0)
    assert await server.documents.save(ref) == "saved"
    shown = await server.documents.checkpoint(ref, "checkpoint")
    assert (shown is None) is (kind is OpaqueCheckpoints)
    await put_back(server.documents, ref)
    assert await server.texts("a.ipynb") == ["kept", "second"]
    await saved(server.documents, ref)
    assert server.sources("a.ipynb") == ["kept", "second"]


async def test_what_the_file_has_is_seen_beside_the_document(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "first")
    documents = any_server.documents
    ref = await documents.identify("a.ipynb")
    async with editing(documents, ref) as cells:
        cells.set_source(0, "second")
    assert await documents.save(ref) == "saved"
    async with editing(documents, ref) as cells:
        cells.set_source(0, "third")
        cells.insert(1, "code", "new")
    found = [cell["source"] for cell in (await documents.on_disk(ref))["cells"]]
    assert found == any_server.sources("a.ipynb")
    assert await documents.save(ref) == "saved"
    found = [cell["source"] for cell in (await documents.on_disk(ref))["cells"]]
    assert found == ["third", "new"]


async def test_people_see_it_come_back(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", "kept")
    ref = await server.documents.identify("a.ipynb")
    await server.documents.create_checkpoint(ref)
    async with tab(server.app, "a.ipynb") as person:
        person.notebook.ycells[0]["source"].insert(4, " and typed")
        (room,) = server.rooms.values()
        await until(lambda: str(room._document.ycells[0]["source"]) == "kept and typed")
        await put_back(server.documents, ref)
        await until(lambda: str(person.notebook.ycells[0]["source"]) == "kept")
        await saved(server.documents, ref)
    assert server.sources("a.ipynb") == ["kept"]


@pytest.mark.parametrize("shown", [True, False])
async def test_a_server_that_shows_hidden_files_shows_checkpoints(
    document_servers: Any, shown: bool
) -> None:
    server = await document_servers(
        remote=True, live=False, ContentsManager={"allow_hidden": shown}
    )
    server.write("a.ipynb", "kept")
    ref = await server.documents.identify("a.ipynb")
    await server.documents.create_checkpoint(ref)
    content = await server.documents.checkpoint(ref, "checkpoint")
    assert (content is not None) is shown
