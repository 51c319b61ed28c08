"""No argument of any tool names anything but what is in the server's folder, and shown there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from jmcp.compose import API
from jmcp.options.settings import Settings
from jmcp_jupyter.documents.common.paths import is_below
from tests.jupyter_process import TOKEN, StartJupyter
from tests.notebooks import write_notebook
from tests.running_jmcp import MODES, Mode
from tests.scenarios.protection.conftest import FencedJmcp, StartJmcp

NAMES = {"notebook_path", "path", "template"}
"""Every argument that is a path. A new one fails the first test until it is treated as these are."""

SUSPECT = ("path", "file", "dir", "folder", "root", "name", "url", "template")
NO_PATHS = {"notebook_name", "kernel_name", "kernel_id"}
"""A name for the session, and names that have to be among those that are there."""

BAD = [
    "../outside/secret.ipynb",
    "..",
    "sub/../../outside/secret.ipynb",
    "sub/../a.ipynb",
    "sub/..",
    "./../outside/secret.ipynb",
    "/etc/passwd",
    "//etc/hosts",
    "/a.ipynb",
    "~/a.ipynb",
    "~root/a.ipynb",
    "..\\outside\\secret.ipynb",
    "sub\\a.ipynb",
    "C:\\a.ipynb",
    "C:/a.ipynb",
    "C:a.ipynb",
    "a.ipynb\0",
    "a\0.ipynb",
    "../outside/secret.ipynb\0.ipynb",
    "a\n.ipynb",
    "a\r\nSet-Cookie: x.ipynb",
    "\x1b[2Ja.ipynb",
    "a\x7f.ipynb",
    "a\u202ebpyni.txt.ipynb",
    "a\u2066.ipynb",
    "\ud800.ipynb",
    "sub/\udcff/a.ipynb",
    ".hidden/a.ipynb",
    ".a.ipynb",
    "sub/.hidden/a.ipynb",
    "sub/.a.ipynb",
    "x" * 250 + ".ipynb",
    "ü" * 125 + ".ipynb",
    "/".join(["\U0001f4d3" * 60] * 16) + "/a.ipynb",
]
"""Each of them is refused by its form, wherever the documents are."""

UNKNOWN = [
    "%2e%2e/outside/secret.ipynb",
    "..%2foutside%2fsecret.ipynb",
    "%2e%2e%2foutside%2fsecret.ipynb",
    "..%00/secret.ipynb",
    "\uff0e\uff0e/outside/secret.ipynb",
    "\u2024\u2024/outside/secret.ipynb",
    "\u2025/outside/secret.ipynb",
    "..\u2215outside\u2215secret.ipynb",
    "..\uff0foutside\uff0fsecret.ipynb",
    "..;/outside/secret.ipynb",
    ".../outside/secret.ipynb",
    "file:///etc/passwd.ipynb",
    "http://127.0.0.1/a.ipynb",
    "$HOME/a.ipynb",
    "${HOME}/a.ipynb",
    "`id`.ipynb",
    "a.ipynb?content=1",
    "a.ipynb#",
    "a.ipynb/checkpoints.ipynb",
    "*.ipynb",
    "A.IPYNB.ipynb",
    "sub/a.ipynb ",
]
"""Names as others, and there is nothing of that name."""


def values(tool: str) -> dict[str, Any]:
    """What a call of that tool needs besides a path."""
    needed: dict[str, dict[str, Any]] = {
        "read_cell": {"cell_index": 0},
        "insert_cell": {"cell_index": 0, "cell_type": "code", "cell_source": "1"},
        "overwrite_cell_source": {"cell_index": 0, "cell_source": "1"},
        "edit_cell_source": {"cell_index": 0, "old_string": "1", "new_string": "2"},
        "delete_cell": {"cell_indices": [0]},
        "move_cell": {"cell_index": 0, "to_index": 0},
        "execute_cell": {"cell_index": 0},
        "insert_execute_code_cell": {"cell_index": 0, "cell_source": "1"},
        "execute_code": {"code": "1"},
        "get_execution": {"execution_id": "none"},
        "create_conversation_notebook": {"conversation_id": "c1"},
    }
    return needed.get(tool, {})


def paths_of(tool: str) -> list[str]:
    return [name for name in API.tools[tool].params.model_fields if name in NAMES]


CALLS = [(tool, name) for tool in API.tools for name in paths_of(tool)]


def test_every_argument_that_could_be_a_path_is_known() -> None:
    suspects = {
        name
        for tool in API.tools.values()
        for name in tool.params.model_fields
        if any(part in name for part in SUSPECT)
    }
    assert suspects - NO_PATHS == NAMES
    assert len(CALLS) > 15


@pytest.mark.parametrize("mode", MODES)
async def test_no_tool_takes_a_bad_path(start_jmcp: StartJmcp, mode: Mode) -> None:
    server = await start_jmcp(mode)
    furnish(server)
    before = contents(server.outside)
    session = (await server.call("use_notebook", notebook_path="a.ipynb"))["session_id"]
    for tool, argument in CALLS:
        # A new notebook may have such a name.
        for path in BAD if tool == "create_notebook" else BAD + UNKNOWN:
            given = {"session_id": session} if API.tools[tool].session == "required" else {}
            outcome = await server.outcome(tool, **given, **values(tool), **{argument: path})
            if tool == "debug_connection_status" and outcome.result is not None:
                [problem] = outcome.result["problems"]  # what does not answer is its result
                code = problem["code"]
            else:
                assert outcome.error is not None, (tool, path, outcome.text)
                code = outcome.error.code
            expected = {"path_refused", "invalid_arguments"}
            if path in UNKNOWN:
                expected |= {"notebook_not_found", "directory_not_found"}
            if given and argument == "notebook_path":
                expected |= {"notebook_not_open"}
            if tool == "get_execution":  # goes by the id alone
                expected |= {"execution_not_found"}
            assert code in expected, (tool, path, code)
    assert contents(server.outside) == before


@pytest.mark.parametrize("mode", MODES)
async def test_no_bad_path_is_created(start_jmcp: StartJmcp, mode: Mode) -> None:
    server = await start_jmcp(mode)
    furnish(server)
    before, parent = contents(server.outside), sorted(os.listdir(server.root.parent))
    for path in BAD:
        code = await server.refused("use_notebook", notebook_path=path, mode="create")
        assert code in ("path_refused", "invalid_arguments"), (path, code)
    for path in ("no/a.ipynb", "a.ipynb/b.ipynb", "\uff0e\uff0e/b.ipynb"):
        assert await server.refused("use_notebook", notebook_path=path, mode="create") in (
            "directory_not_found",
            "path_refused",
        )
    assert contents(server.outside) == before
    assert sorted(os.listdir(server.root.parent)) == parent


@pytest.mark.parametrize("mode", ["local live", "local file"])
async def test_no_link_is_followed_out_of_the_root(start_jmcp: StartJmcp, mode: Mode) -> None:
    server = await start_jmcp(mode)
    furnish(server)
    links(server)
    before = contents(server.outside)
    for path in ("link.ipynb", "away/secret.ipynb", "sub/up/outside/secret.ipynb", "twice.ipynb"):
        assert await server.refused("use_notebook", notebook_path=path) == "path_refused"
    for path in ("away/new.ipynb", "dangling.ipynb", "sub/up/outside/new.ipynb"):
        code = await server.refused("use_notebook", notebook_path=path, mode="create")
        assert code == "path_refused", path
    for path in ("away", "sub/up", "sub/up/outside"):
        assert await server.refused("list_files", path=path) == "path_refused"
    listed = await server.call("list_files", path="", max_depth=3, limit=0)
    names = {row["path"] for row in listed["files"]}
    assert names == {"a.ipynb", "near.ipynb", "sub", "sub/a.ipynb", "within", "within/a.ipynb"}
    rows = await server.call("list_notebooks", scope="workspace", limit=100)
    assert {row["notebook_path"] for row in rows["notebooks"]} == {
        name for name in names if name.endswith(".ipynb")
    }
    # A link that stays is as good as any file.
    assert (await server.call("use_notebook", notebook_path="near.ipynb"))["cell_count"] == 1
    assert (await server.call("use_notebook", notebook_path="within/a.ipynb"))["cell_count"] == 1
    assert contents(server.outside) == before


@pytest.mark.parametrize("mode", ["local live", "local file"])
async def test_a_notebook_that_becomes_a_link_is_not_followed(
    start_jmcp: StartJmcp, mode: Mode
) -> None:
    server = await start_jmcp(mode)
    furnish(server)
    opened = await server.call("use_notebook", notebook_path="a.ipynb")
    await server.dispatcher.documents.save(await server.dispatcher.documents.identify("a.ipynb"))
    (server.root / "a.ipynb").unlink()
    (server.root / "a.ipynb").symlink_to(server.outside / "secret.ipynb")
    before = contents(server.outside)
    for tool in ("read_notebook", "insert_cell"):
        code = await server.refused(tool, session_id=opened["session_id"], **values(tool))
        assert code in ("path_refused", "notebook_not_found")
    assert contents(server.outside) == before


async def test_outside_only_jupyter_can_see_where_a_link_leads(start_jmcp: StartJmcp) -> None:
    """What Jupyter Server does, for which SECURITY.md has a word: it follows links."""
    server = await start_jmcp("remote file")
    furnish(server)
    links(server)
    assert await server.call("use_notebook", notebook_path="link.ipynb")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("mine", [False, True])
@pytest.mark.parametrize("jupyters", [False, True])
async def test_hidden_needs_the_leave_of_both(
    start_jmcp: StartJmcp, mode: Mode, mine: bool, jupyters: bool
) -> None:
    settings = Settings(allow_hidden=mine, calls_per_second=0, owner_calls_per_second=0)
    server = await start_jmcp(mode, settings, ContentsManager={"allow_hidden": jupyters})
    furnish(server)
    hidden = {".a.ipynb", ".hidden", ".hidden/a.ipynb", "sub/.hidden", "sub/.hidden/a.ipynb"}
    listed = await server.call("list_files", path="", max_depth=3, limit=0)
    names = {row["path"] for row in listed["files"]}
    if mine and jupyters:
        assert names >= hidden
        opened = await server.call("use_notebook", notebook_path=".hidden/a.ipynb")
        assert opened["cell_count"] == 1
        assert (await server.call("list_files", path=".hidden"))["total"] == 1
    else:
        assert not names & hidden
        for path in (".a.ipynb", ".hidden/a.ipynb", "sub/.hidden/a.ipynb"):
            assert await server.refused("use_notebook", notebook_path=path) == "path_refused"
        path = ".hidden/new.ipynb"
        assert await server.refused("use_notebook", notebook_path=path, mode="create") in (
            "path_refused",
        )
        assert await server.refused("list_files", path=".hidden") == "path_refused"
        assert not (server.root / ".hidden" / "new.ipynb").exists()


async def test_rest_takes_none_either(jupyter: StartJupyter, tmp_path: Path) -> None:
    """However it is spelled in a URL."""
    app = await jupyter(collaboration=False, extensions=["jmcp"])
    root, secret = Path(app.root_dir), Path(app.root_dir).parent / "outside" / "secret.ipynb"
    write_notebook(root / "a.ipynb", "1")
    write_notebook(secret, "TOP SECRET")
    base = f"http://127.0.0.1:{app.port}"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as client:
        opened = await client.post(f"{base}/jmcp/v1/sessions", json={"notebook_path": "a.ipynb"})
        session = opened.json()["session_id"]
        for dots in ("..", "%2e%2e", "%252e%252e", "..%00", "%2e%2e%2f%2e%2e", "..%5c", "%c0%ae."):
            up = f"{dots}%2foutside"
            for url in (
                f"/jmcp/v1/files?path={dots}",
                f"/jmcp/v1/files?path={up}",
                f"/jmcp/v1/files?path={dots}/outside",
                f"/jmcp/v1/sessions/{session}/cells?notebook_path={up}%2fsecret.ipynb",
                f"/jmcp/v1/sessions/{session}/cells/{dots}",
                f"/jmcp/v1/sessions/{session}/cells/{up}%2fsecret.ipynb",
                f"/jmcp/v1/sessions/{dots}/cells",
                f"/jmcp/v1/{dots}/{dots}/outside/secret.ipynb",
                f"/jmcp/docs/{dots}/{dots}/outside/secret.ipynb",
                f"/mcp/{dots}/{dots}/outside/secret.ipynb",
            ):
                answer = await client.get(f"{base}{url}")
                assert 400 <= answer.status_code < 500, (url, answer.status_code, answer.text)
                assert "SECRET" not in answer.text
                assert "outside/secret.ipynb" not in os.listdir(root)


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("a.ipynb", True),
        ("missing/deeper/a.ipynb", True),
        ("within/a.ipynb", True),
        ("near.ipynb", True),
        ("link.ipynb", False),
        ("away/secret.ipynb", False),
        ("away/missing/a.ipynb", False),
        ("sub/up", False),
        ("loop", True),  # nothing is there, and nothing will be
        ("sibling", False),
    ],
)
def test_links_are_followed_to_their_end(tmp_path: Path, path: str, below: bool) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    sibling = tmp_path / "root-of-another"
    for folder in (root / "sub", outside, sibling):
        folder.mkdir(parents=True)
    (root / "a.ipynb").touch()
    make_links(root, outside)
    (root / "loop").symlink_to(root / "loop")
    (root / "sibling").symlink_to(sibling)
    assert is_below(str(root), path) is below
    # The root itself may be reached through a link.
    (tmp_path / "alias").symlink_to(root)
    assert is_below(str(tmp_path / "alias"), path) is below


def furnish(server: FencedJmcp) -> None:
    for path in ("a", ".a", ".hidden/a", "sub/a", "sub/.hidden/a"):
        write_notebook(server.root / f"{path}.ipynb", "1")
    write_notebook(server.outside / "secret.ipynb", "TOP SECRET")


def links(server: FencedJmcp) -> None:
    make_links(server.root, server.outside)
    (server.root / "dangling.ipynb").symlink_to(server.outside / "not-there.ipynb")


def make_links(root: Path, outside: Path) -> None:
    (root / "link.ipynb").symlink_to(outside / "secret.ipynb")
    (root / "twice.ipynb").symlink_to("link.ipynb")
    (root / "away").symlink_to(outside)
    (root / "sub" / "up").symlink_to("../..")
    (root / "near.ipynb").symlink_to("a.ipynb")
    (root / "within").symlink_to("sub")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
