"""`jmcp sessions`, in a process of its own, beside a server and without one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from jmcp.state.folder import open_stores, state_folder
from tests.command_line import jmcp
from tests.ports.stores.conftest import record
from tests.served import Served, environment, serve
from tests.thorough import thorough

SECONDS = 120


def run(home: Path, cwd: Path, *given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jmcp", "sessions", *given],
        cwd=cwd,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedFolder:
    """A served folder; `stop` ends its server."""

    served: Served
    home: Path
    stop: ExitStack

    def jmcp(self, *given: str) -> str:
        """What `jmcp sessions` prints there."""
        ended = run(self.home, self.served.root, *given)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.jmcp("list", "--json"))
        return found

    def post(self, path: str, **body: Any) -> httpx.Response:
        return httpx.post(
            f"{self.served.url}jmcp/v1/{path}",
            json=body,
            headers=self.served.headers,
            timeout=SECONDS,
        )

    def open(self, name: str) -> str:
        opened = self.post("sessions", notebook_path=name, mode="create")
        assert opened.status_code == 201, opened.text
        session_id: str = opened.json()["session_id"]
        return session_id


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ServedFolder]:
    with ExitStack() as stack:
        served = stack.enter_context(serve(tmp_path / "home", tmp_path / "root"))
        yield ServedFolder(served=served, home=tmp_path / "home", stop=stack)


@thorough
def test_sessions_are_listed_and_removed_with_the_server_running_and_without_it(
    folder: ServedFolder,
) -> None:
    assert folder.jmcp("list") == f"No live sessions in {folder.served.root}.\n"
    first, second = folder.open("first.ipynb"), folder.open("second.ipynb")
    ran = folder.post(f"sessions/{second}/executions", cell_source="1 + 1", cell_index=-1)
    assert ran.status_code in (200, 201), ran.text

    printed = folder.jmcp("list")
    assert [line.split()[0] for line in printed.splitlines()[1:]] == ["1", "2"]
    assert first not in printed
    assert f"{first[:2]}***" in printed
    rows = folder.rows()
    assert [row["notebooks"][0]["notebook_path"] for row in rows] == ["first.ipynb", "second.ipynb"]
    assert first not in json.dumps(rows)

    shown = folder.jmcp("show", "2")
    kernel_id = rows[1]["notebooks"][0]["kernel_id"]
    assert f"{kernel_id}, started by this session" in shown
    assert second not in shown

    removed = folder.jmcp("remove", second[:6])
    assert f"Removed {second[:2]}***" in removed
    assert f"Kernel {kernel_id}, which it started, is not stopped" in removed
    error = folder.post(f"sessions/{second}/executions", cell_source="1", cell_index=-1).json()
    assert error["code"] == "session_not_found"
    assert folder.post(
        f"sessions/{first}/executions", cell_source="1", cell_index=-1
    ).status_code in (200, 201)

    folder.stop.close()
    assert [row["session"] for row in folder.rows()] == [f"{first[:2]}***"]
    assert json.loads(folder.jmcp("remove", "1", "--json"))["removed"] is True
    assert folder.rows() == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["show", "1"], "there are no live sessions here"),
        (["list", "--store", "memory"], "sessions in memory are known to their server alone"),
        (["list", "--store", "redis://127.0.0.1:1/0"], "the Redis at 127.0.0.1:1 does not answer"),
        (["list", "--jupyter-url", "nonsense://x"], "is not the URL of a server"),
    ],
)
def test_what_cannot_be_is_one_clear_line(given: list[str], message: str, tmp_path: Path) -> None:
    ended = jmcp(tmp_path, "sessions", *given)
    assert ended.returncode == 1
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_looking_where_nothing_is_leaves_nothing_behind(tmp_path: Path) -> None:
    home, cwd = tmp_path / "home", tmp_path / "cwd"
    home.mkdir()
    cwd.mkdir()
    assert json.loads(run(home, cwd, "list", "--json").stdout) == []
    assert not [path for path in home.rglob("*") if path.is_file()]


@thorough
async def test_those_in_redis_are_of_that_place_alone(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "JUPYTER_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    now = time.time()
    for folder in (tmp_path / "here", tmp_path / "there"):
        folder.mkdir()
        store, _ = open_stores(state_folder(str(folder)), store=redis_url)
        await store.put(record(folder.name * 2, at=now))
        await store.put(record(f"old-{folder.name}", at=now - 25 * 3600))
        await store.close()
    options = ["--store", redis_url]
    listed = run(tmp_path, tmp_path / "here", "list", "--json", *options)
    assert [row["session"] for row in json.loads(listed.stdout)] == ["he***"]
    longer = run(tmp_path, tmp_path / "here", "list", "--json", "--session-hours", "26", *options)
    assert {row["session"] for row in json.loads(longer.stdout)} == {"he***", "ol***"}
    removed = run(tmp_path, tmp_path / "here", "remove", "he***", *options)
    assert "Removed he***" in removed.stdout
    there = run(
        tmp_path, tmp_path / "here", "list", "--root-dir", str(tmp_path / "there"), *options
    )
    assert "th***" in there.stdout
