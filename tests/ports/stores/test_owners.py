"""Who edits a notebook, among processes that have the same files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jmcp.core.editing.owners import Instance
from jmcp.core.errors import StateUnavailable
from jmcp.core.ports import NotebookRef
from jmcp.core.stores.owners_file import RELEASED_SECONDS, OwnerFile
from jmcp_api.backend_errors import WriteRefused
from tests.clock import Clock

SECONDS = 30
REF = NotebookRef(key="k", path="sub/a.ipynb")


def owners(
    folder: Path, root: Path, address: str = "first", clock: Clock | None = None
) -> OwnerFile:
    here = Instance(root=str(root), address=address, pid=os.getpid())
    return OwnerFile(folder, here, owned=WriteRefused.owned, clock=clock or Clock())


HOLDER = """
import sys
from pathlib import Path
from jmcp.core.ports import NotebookRef
from tests.ports.stores.test_owners import REF, owners

owners(Path(sys.argv[1]), Path(sys.argv[2]), "holder").claim(REF)
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(folder: Path, root: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that edits REF."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_one_edits_a_notebook_and_the_other_is_told_who(tmp_path: Path) -> None:
    first, second = owners(tmp_path, tmp_path), owners(tmp_path, tmp_path, "second")
    first.claim(REF)
    first.claim(REF)
    with pytest.raises(WriteRefused, match=r"another Jupyter Server .* \(first, process \d+\)"):
        second.claim(REF)
    second.claim(NotebookRef(key="other", path="b.ipynb"))
    first.close()
    second.claim(REF)
    second.close()


def test_it_is_let_go_when_it_was_not_edited_for_a_while_and_is_saved(tmp_path: Path) -> None:
    clock = Clock()
    first, second = owners(tmp_path, tmp_path, clock=clock), owners(tmp_path, tmp_path, "second")
    first.claim(REF)
    clock.now += RELEASED_SECONDS - 1
    first.release_unused(lambda key: False)
    clock.now += 1
    first.release_unused(lambda key: key == "k")
    with pytest.raises(WriteRefused):
        second.claim(REF)
    first.claim(REF)
    first.release_unused(lambda key: False)
    with pytest.raises(WriteRefused):
        second.claim(REF)
    clock.now += RELEASED_SECONDS
    first.release_unused(lambda key: False)
    second.claim(REF)
    with pytest.raises(WriteRefused):
        first.claim(REF)
    first.close()
    second.close()


def test_a_root_inside_of_the_other_has_the_same_files(tmp_path: Path) -> None:
    outer = owners(tmp_path / "state", tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    inner = owners(tmp_path / "state", tmp_path / "link" / "sub", "inner")
    apart = owners(tmp_path / "state", tmp_path / "subordinate", "apart")
    assert [one.address for one in inner.others()] == ["first"]
    assert {one.address for one in outer.others()} == {"inner", "apart"}
    outer.claim(REF)
    with pytest.raises(WriteRefused):
        inner.claim(NotebookRef(key="another", path="a.ipynb"))
    for one in (outer, inner, apart):
        one.close()


def test_a_dead_process_owns_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    mine = owners(tmp_path, tmp_path)
    with holder(tmp_path, tmp_path) as other:
        assert [(one.address, one.pid) for one in mine.others()] == [("holder", other.pid)]
        assert not mine.ended()
        with pytest.raises(WriteRefused):
            mine.claim(REF)
        other.kill()
        other.wait(SECONDS)
    assert mine.ended()
    assert not mine.ended()
    assert mine.others() == []
    mine.claim(REF)
    mine.close()
    assert not list(tmp_path.glob("*.alive"))


def test_markers_of_killed_processes_go_at_the_next_start(tmp_path: Path) -> None:
    left, fresh = tmp_path / "left.alive", tmp_path / "fresh.alive"
    for path in (left, fresh):
        path.touch()
    long_ago = time.time() - 3600
    os.utime(left, (long_ago, long_ago))
    with holder(tmp_path, tmp_path):
        (living,) = set(tmp_path.glob("*.alive")) - {left, fresh}
        os.utime(living, (long_ago, long_ago))
        mine = owners(tmp_path, tmp_path)
        assert not left.exists()
        assert living.exists()
        assert fresh.exists(), "its process may be about to lock it"
        mine.close()


def test_where_claims_cannot_be_written_edits_go_on(tmp_path: Path) -> None:
    mine = owners(tmp_path, tmp_path)
    mine._state.close()
    mine.claim(REF)
    mine.claim(REF)
    mine._lock.close()
    (tmp_path / "file").touch()
    with pytest.raises(StateUnavailable):
        owners(tmp_path / "file", tmp_path)
