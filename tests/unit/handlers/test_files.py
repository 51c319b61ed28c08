"""Listing what is in the server's folder."""

from __future__ import annotations

import asyncio

import pytest

from jmcp_handlers.notebooks import files
from tests.fakes.jmcp import FakeJmcp


@pytest.fixture
def tree(jmcp: FakeJmcp) -> FakeJmcp:
    for path in ("b.txt", "sub/c.txt", "sub/deep/d.ipynb", "sub/.hidden/e.txt", ".f.txt"):
        jmcp.documents.put_text(path, "text")
    return jmcp


async def paths(jmcp: FakeJmcp, **arguments: object) -> list[str]:
    listed = await jmcp.call("list_files", **arguments)
    return [row["path"] for row in listed["files"]]


async def test_to_the_depth_that_is_asked_for_and_nothing_hidden(tree: FakeJmcp) -> None:
    assert await paths(tree, max_depth=0) == ["a.ipynb", "b.txt", "sub"]
    assert await paths(tree, max_depth=1, path="sub") == [
        "sub/c.txt",
        "sub/deep",
        "sub/deep/d.ipynb",
    ]
    assert len(await paths(tree, max_depth=3)) == 6


async def test_patterns_and_pages(tree: FakeJmcp) -> None:
    assert await paths(tree, max_depth=3, pattern="*.ipynb") == ["a.ipynb", "sub/deep/d.ipynb"]
    page = await tree.call("list_files", max_depth=0, start_index=1, limit=1)
    assert (page["total"], [row["path"] for row in page["files"]]) == (3, ["b.txt"])
    assert len(await paths(tree, max_depth=0, limit=0)) == 3


async def test_a_folder_that_is_missing_or_out_of_reach_is_refused(tree: FakeJmcp) -> None:
    assert (await tree.fail("list_files", path="none"))["code"] == "directory_not_found"
    assert (await tree.fail("list_files", path="../up"))["code"] == "path_refused"


async def test_a_folder_that_vanishes_meanwhile_is_passed_over(tree: FakeJmcp) -> None:
    hold = tree.faults.hold("documents.list_directory", nth=2)
    listing = asyncio.create_task(paths(tree, max_depth=3))
    await hold.reached.wait()
    tree.documents._directories -= {"sub", "sub/deep"}
    hold.release()
    assert await listing == ["a.ipynb", "b.txt", "sub"]


async def test_a_listing_opens_so_many_folders_and_no_more(
    tree: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_DIRECTORIES", 2)
    assert await paths(tree, max_depth=3) == ["a.ipynb", "b.txt", "sub", "sub/c.txt", "sub/deep"]
