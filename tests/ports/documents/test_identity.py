from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jmcp.core.errors import DirectoryMissing, NotebookMissing, PathRefused
from tests.document_access import editing, reading
from tests.ports.documents.conftest import Place


@pytest.mark.parametrize("spelling", ["sub//a.ipynb", "./sub/a.ipynb", "sub/./a.ipynb"])
async def test_every_spelling_of_a_path_is_one_notebook(anywhere: Place, spelling: str) -> None:
    anywhere.write("sub/a.ipynb", "1")
    assert await anywhere.documents.identify(spelling) == await anywhere.documents.identify(
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
        (".hidden/a.ipynb", "hidden"),
        (".a.ipynb", "hidden"),
        ("a.txt", ".ipynb"),
        ("", ".ipynb"),
        ("dir.ipynb", "directory"),
    ],
)
async def test_paths_that_are_no_notebooks_are_refused(
    anywhere: Place, path: str, text: str
) -> None:
    anywhere.write("a.ipynb", "1")
    anywhere.write("sub/a.ipynb", "1")
    anywhere.write(".hidden/a.ipynb", "1")
    (anywhere.root / "dir.ipynb").mkdir()
    (anywhere.root / "a.txt").touch()
    with pytest.raises(PathRefused, match=text):
        await anywhere.documents.identify(path)
    with pytest.raises(PathRefused, match=text):
        await anywhere.documents.create(path)


async def test_hidden_notebooks_are_served_where_jupyter_serves_them(
    place: Callable[..., Any],
) -> None:
    here = await place(
        live=False, options={"allow_hidden": True}, ContentsManager={"allow_hidden": True}
    )
    here.write(".hidden/a.ipynb", "1")
    assert await here.texts(".hidden/a.ipynb") == ["1"]


async def test_a_missing_notebook_is_missing(anywhere: Place) -> None:
    with pytest.raises(NotebookMissing, match=r"no\.ipynb"):
        await anywhere.documents.identify("no.ipynb")


async def test_a_rename_keeps_the_key(anywhere: Place) -> None:
    anywhere.write("a.ipynb", "1")
    ref = await anywhere.documents.identify("a.ipynb")
    async with reading(anywhere.documents, ref):
        pass
    if ref.key == "a.ipynb":
        return  # a server without collaboration gives no id over REST to a file it never met
    await anywhere.contents.rename("a.ipynb", "b.ipynb")
    await anywhere.noticed(ref.key, "b.ipynb")
    moved = await anywhere.documents.current(ref.key)
    assert (moved.key, moved.path) == (ref.key, "b.ipynb")
    async with editing(anywhere.documents, ref) as cells:
        assert cells.ref == moved
        cells.insert(0, "markdown", "after the rename")
    assert await anywhere.documents.save(ref) == "saved"
    assert anywhere.sources("b.ipynb") == ["after the rename", "1"]
    assert not (anywhere.root / "a.ipynb").exists()


async def test_a_deleted_notebook_is_missing(anywhere: Place) -> None:
    anywhere.write("a.ipynb", "1")
    ref = await anywhere.documents.identify("a.ipynb")
    async with reading(anywhere.documents, ref):
        pass
    await anywhere.contents.delete("a.ipynb")
    await anywhere.noticed(ref.key, None)
    with pytest.raises(NotebookMissing):
        await anywhere.documents.current(ref.key)
    with pytest.raises(NotebookMissing):
        async with reading(anywhere.documents, ref):
            pass


async def test_without_file_ids_the_path_is_the_key(place: Callable[..., Any]) -> None:
    here = await place(live=False, file_ids=False)
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("./a.ipynb")
    assert ref.key == ref.path == "a.ipynb"
    async with editing(here.documents, ref) as cells:
        cells.set_source(0, "2")
    assert here.sources("a.ipynb") == ["2"]


async def test_a_listing_names_what_is_there(anywhere: Place) -> None:
    anywhere.write("sub/a.ipynb", "1")
    (anywhere.root / "sub" / "b.txt").write_text("text")
    (anywhere.root / "sub" / "deep").mkdir()
    (anywhere.root / "sub" / ".secret").touch()
    rows = {row.path: row for row in await anywhere.documents.list_directory("./sub/")}
    assert {path: row.type for path, row in rows.items()} == {
        "sub/a.ipynb": "notebook",
        "sub/b.txt": "file",
        "sub/deep": "directory",
    }
    assert rows["sub/b.txt"].size == 4
    assert rows["sub/deep"].size is None
    assert rows["sub/b.txt"].last_modified.endswith("Z")
    assert [row.path for row in await anywhere.documents.list_directory("")] == ["sub"]


async def test_a_listing_stays_below_the_root(anywhere: Place) -> None:
    (anywhere.root / ".hidden").mkdir()
    for path in ("..", "sub/../..", ".hidden", "/"):
        with pytest.raises(PathRefused):
            await anywhere.documents.list_directory(path)
    with pytest.raises(DirectoryMissing):
        await anywhere.documents.list_directory("nowhere")
