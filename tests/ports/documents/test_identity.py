from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jmcp.core.errors import DirectoryMissing, NotebookMissing, PathRefused, WriteRefused
from jmcp.core.ports import Documents, NotebookRef
from jmcp_jupyter.documents.local.documents import LocalDocuments
from tests.document_access import editing, reading
from tests.jupyter_process import StartJupyter
from tests.notebooks import write_notebook
from tests.ports.documents.conftest import DocumentSetup, StartServer, local_only, remote_only
from tests.ports.documents.tab import until


@pytest.mark.parametrize("spelling", ["sub//a.ipynb", "./sub/a.ipynb", "sub/./a.ipynb"])
async def test_every_spelling_of_a_path_is_one_notebook(
    any_server: DocumentSetup, spelling: str
) -> None:
    any_server.write("sub/a.ipynb", "1")
    assert await any_server.documents.identify(spelling) == await any_server.documents.identify(
        "sub/a.ipynb"
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("sub/../a.ipynb", "'..'"),
        ("../a.ipynb", "'..'"),
        ("/a.ipynb", "absolute"),
        ("~/a.ipynb", "absolute"),
        ("sub\\a.ipynb", "backslash"),
        ("a.ipynb\0", "NUL"),
        ("a:b.ipynb", "begins with the name of a drive"),
        (".hidden/a.ipynb", "hidden"),
        (".a.ipynb", "hidden"),
        ("a.txt", ".ipynb"),
        ("", ".ipynb"),
        ("dir.ipynb", "directory"),
    ],
)
async def test_paths_that_are_no_notebooks_are_refused(
    any_server: DocumentSetup, path: str, text: str
) -> None:
    any_server.write("a.ipynb", "1")
    any_server.write("sub/a.ipynb", "1")
    any_server.write(".hidden/a.ipynb", "1")
    any_server.make_directory("dir.ipynb")
    any_server.put_text("a.txt", "")
    with pytest.raises(PathRefused, match=text):
        await any_server.documents.identify(path)
    with pytest.raises(PathRefused, match=text):
        await any_server.documents.create(path)


async def test_hidden_notebooks_are_served_where_jupyter_serves_them(
    start_server: Callable[..., Any],
) -> None:
    server = await start_server(
        live=False, options={"allow_hidden": True}, ContentsManager={"allow_hidden": True}
    )
    server.write(".hidden/a.ipynb", "1")
    assert await server.texts(".hidden/a.ipynb") == ["1"]


async def test_a_missing_notebook_is_missing(any_server: DocumentSetup) -> None:
    with pytest.raises(NotebookMissing, match=r"no\.ipynb"):
        await any_server.documents.identify("no.ipynb")


async def test_a_rename_keeps_the_key(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "1")
    ref = await any_server.documents.identify("a.ipynb")
    async with reading(any_server.documents, ref):
        pass
    if ref.key == "a.ipynb":
        return  # a server without collaboration gives no id over REST to a file it never met
    await any_server.rename("a.ipynb", "b.ipynb")
    moved = await any_server.documents.current(ref.key)
    assert (moved.key, moved.path) == (ref.key, "b.ipynb")
    async with editing(any_server.documents, ref) as cells:
        assert cells.ref == moved
        cells.insert(0, "markdown", "after the rename")
    assert await any_server.documents.save(ref) == "saved"
    assert any_server.sources("b.ipynb") == ["after the rename", "1"]
    assert any_server.text("a.ipynb") is None


async def test_a_live_document_that_is_held_goes_on_after_a_rename(
    any_server: DocumentSetup,
) -> None:
    any_server.write("a.ipynb", "1")
    document = await any_server.documents.open(await any_server.documents.identify("a.ipynb"))
    if document.mode == "live":
        await any_server.rename("a.ipynb", "b.ipynb")
        async with document.edit() as cells:
            cells.insert(0, "markdown", "after the rename")
        assert len(await document.read()) == 2
    document.close()


async def test_a_deleted_notebook_is_missing(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "1")
    ref = await any_server.documents.identify("a.ipynb")
    async with reading(any_server.documents, ref):
        pass
    await any_server.delete("a.ipynb")
    with pytest.raises(NotebookMissing):
        await any_server.documents.current(ref.key)
    with pytest.raises(NotebookMissing):
        async with reading(any_server.documents, ref):
            pass


async def test_without_file_ids_the_path_is_the_key(start_server: Callable[..., Any]) -> None:
    server = await start_server(live=False, file_ids=False)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("./a.ipynb")
    assert ref.key == ref.path == "a.ipynb"
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "2")
    assert server.sources("a.ipynb") == ["2"]


async def test_a_listing_names_what_is_there(any_server: DocumentSetup) -> None:
    any_server.write("sub/a.ipynb", "1")
    any_server.put_text("sub/b.txt", "text")
    any_server.make_directory("sub/deep")
    any_server.put_text("sub/.secret", "")
    rows = {row.path: row for row in await any_server.documents.list_directory("./sub/")}
    assert {path: row.type for path, row in rows.items()} == {
        "sub/a.ipynb": "notebook",
        "sub/b.txt": "file",
        "sub/deep": "directory",
    }
    assert rows["sub/b.txt"].size == 4
    assert rows["sub/deep"].size is None
    assert rows["sub/b.txt"].last_modified.endswith("Z")
    assert [row.path for row in await any_server.documents.list_directory("")] == ["sub"]


async def test_a_listing_stays_below_the_root(any_server: DocumentSetup) -> None:
    any_server.make_directory(".hidden")
    for path in ("..", "sub/../..", ".hidden", "/"):
        with pytest.raises(PathRefused):
            await any_server.documents.list_directory(path)
    with pytest.raises(DirectoryMissing):
        await any_server.documents.list_directory("nowhere")


async def test_a_full_disk_of_jupyters_file_ids_is_told(jupyter: StartJupyter) -> None:
    app = await jupyter(collaboration=False)
    documents = LocalDocuments(app)
    ids = app.web_app.settings["file_id_manager"]
    (pages,) = ids.con.execute("PRAGMA page_count").fetchone()
    # What SQLite says is then the same as on a full disk.
    ids.con.execute(f"PRAGMA max_page_count = {pages}")

    async def identify_many() -> None:
        for number in range(1000):
            path = "n" * 200 + f"{number}.ipynb"
            write_notebook(Path(app.root_dir) / path, "1")
            await documents.identify(path)

    with pytest.raises(WriteRefused, match="database or disk is full"):
        await identify_many()
    await documents.close()


async def test_edits_that_are_not_saved_yet_follow_the_rename_of_any_folder(
    start_server: StartServer,
) -> None:
    """A person renames a folder in JupyterLab while the agent's last edit waits to be saved."""
    server = await start_server(options={"save_after": 3600.0})
    documents = server.documents
    server.write("project/deep [1]/a.ipynb", "1")
    server.write("project/b.ipynb", "1")
    refs = [await documents.identify(f"project/{name}") for name in ("deep [1]/a.ipynb", "b.ipynb")]
    for ref in refs:
        async with editing(documents, ref) as cells:
            cells.set_source(0, "acknowledged")
    await server.contents.rename("project", "renamed")
    await server.noticed(refs[0].key, "renamed/deep [1]/a.ipynb")
    await server.noticed(refs[1].key, "renamed/b.ipynb")
    for ref in refs:
        assert await saved_in_the_end(documents, ref) == "saved"
        async with editing(documents, ref) as cells:
            cells.insert(0, "markdown", "after the rename")
        assert await documents.save(ref) == "saved"
    for path in ("renamed/deep [1]/a.ipynb", "renamed/b.ipynb"):
        assert server.sources(path) == ["after the rename", "acknowledged"]
        assert (await documents.identify(path)).key in {ref.key for ref in refs}
    assert not (server.root / "project").exists()


@local_only  # another process sees no files
@pytest.mark.parametrize("live", [True, False], ids=["live", "file"])
async def test_a_notebook_moved_outside_jupyter_is_found_again(
    start_server: StartServer, live: bool
) -> None:
    server = await start_server(live=live, options={"save_after": 0.05})
    documents = server.documents
    server.write("project/a.ipynb", "1")
    server.write("project/other.ipynb", "1")
    ref = await documents.identify("project/a.ipynb")
    async with editing(documents, ref) as cells:
        cells.set_source(0, "acknowledged")
    (server.root / "project").rename(server.root / "elsewhere")
    assert (await documents.current(ref.key)).path == "elsewhere/a.ipynb"
    async with editing(documents, await documents.current(ref.key)) as cells:
        cells.insert(0, "markdown", "after the move")
    await until(
        lambda: server.sources("elsewhere/a.ipynb") == ["after the move", "acknowledged"],
        "it is saved where it is now",
    )
    assert (await documents.identify("elsewhere/a.ipynb")).key == ref.key
    assert not (server.root / "project").exists()


@remote_only
async def test_a_file_moved_outside_jupyter_is_followed_from_outside(
    start_server: StartServer,
) -> None:
    server = await start_server(live=False)
    documents = server.documents
    server.write("project/a.ipynb", "1")
    server.write("project/other.ipynb", "1")
    ref = await documents.identify("project/a.ipynb")
    async with editing(documents, ref) as cells:
        cells.set_source(0, "acknowledged")
    (server.root / "project").rename(server.root / "elsewhere")
    now = await documents.current(ref.key)
    assert (now.key, now.path) == (ref.key, "elsewhere/a.ipynb")
    async with editing(documents, now) as cells:
        cells.insert(0, "markdown", "after the move")
    assert server.sources("elsewhere/a.ipynb") == ["after the move", "acknowledged"]
    assert (await documents.identify("elsewhere/a.ipynb")).key == ref.key
    server.write("project/a.ipynb", "another")
    another = await documents.identify("project/a.ipynb")
    assert another.key != ref.key
    assert await documents.current(another.key) == another
    assert (await documents.current(ref.key)).path == "elsewhere/a.ipynb"
    (server.root / "elsewhere").rename(server.root / "far")
    assert (await documents.current(ref.key)).path == "far/a.ipynb"
    server.remove("far/a.ipynb")
    with pytest.raises(NotebookMissing, match="far"):
        await documents.current(ref.key)


@remote_only
async def test_where_a_live_notebook_was_moved_is_told_from_outside(
    start_server: StartServer,
) -> None:
    server = await start_server()
    documents = server.documents
    server.write("project/a.ipynb", "1")
    ref = await documents.identify("project/a.ipynb")
    (server.root / "project").rename(server.root / "elsewhere")
    with pytest.raises(NotebookMissing, match=r"to 'elsewhere/a\.ipynb' by another program"):
        await documents.current(ref.key)


@local_only
async def test_a_notebook_moved_and_opened_by_its_new_path_is_the_same(
    start_server: StartServer,
) -> None:
    server = await start_server(options={"save_after": 3600.0})
    documents = server.documents
    server.write("a.ipynb", "1")
    ref = await documents.identify("a.ipynb")
    async with editing(documents, ref) as cells:
        cells.set_source(0, "acknowledged")
    (server.root / "a.ipynb").rename(server.root / "b.ipynb")
    assert await documents.identify("b.ipynb") == NotebookRef(key=ref.key, path="b.ipynb")
    assert await server.texts("b.ipynb") == ["acknowledged"]
    assert await saved_in_the_end(documents, ref) == "saved"
    assert server.sources("b.ipynb") == ["acknowledged"]


@local_only
async def test_a_new_file_is_not_taken_for_one_that_was_deleted(start_server: StartServer) -> None:
    """A file system gives the inode of a deleted file to the next that is made."""
    server = await start_server()
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    server.remove("a.ipynb")
    server.write("b.ipynb", "another notebook")
    with pytest.raises(NotebookMissing):
        await server.documents.current(ref.key)
    assert (await server.documents.identify("b.ipynb")).key != ref.key


async def saved_in_the_end(documents: Documents, ref: NotebookRef) -> str:
    """The state after a few tries: the first may meet the move."""
    for _ in range(5):
        state = await documents.save(ref)
        if state == "saved":
            break
    return state
