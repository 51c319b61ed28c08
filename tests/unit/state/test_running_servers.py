"""The files by which `jmcp connect` finds the servers of a user."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from jmcp.core.errors import ServeError
from jmcp.state import running_servers as running_servers_module
from jmcp.state.running_servers import (
    RunningServer,
    local_token,
    published,
    running_servers,
    runtime_folder,
)
from jmcp.state.token import user_token

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes of files")

KILLED = """
import os, sys
from jmcp.state.running_servers import RunningServer, published
server = RunningServer(url="http://127.0.0.1:1", token="t", pid=os.getpid(), version="1", machine="m")
with published(server):
    os._exit(1)
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def server(number: int = 1) -> RunningServer:
    url = f"http://127.0.0.1:{number}"
    return RunningServer(
        url=url, token=local_token(), pid=os.getpid(), version="1", machine="m", root_dir="/r"
    )


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_none_was_ever_started() -> None:
    assert running_servers().servers == ()
    assert not runtime_folder().exists()


def test_a_server_is_found_while_it_runs() -> None:
    one, other = server(1), server(2)
    with published(one), published(other):
        assert set(running_servers().servers) == {one, other}
        [file, _] = sorted(runtime_folder().glob("*.json"))
        assert mode_of(file) == 0o600
        assert mode_of(runtime_folder()) == 0o700
    assert list(runtime_folder().iterdir()) == []


def test_what_a_killed_server_left_is_removed() -> None:
    assert subprocess.run([sys.executable, "-c", KILLED], check=False).returncode == 1
    assert len(list(runtime_folder().glob("*.json"))) == 1
    assert running_servers().servers == ()
    assert list(runtime_folder().glob("*.json")) == []


def test_a_file_of_a_later_version_is_passed_over() -> None:
    with published(server()):
        [file] = runtime_folder().glob("*.json")
        file.write_text(json.dumps({"address": "somewhere"}))
        assert running_servers().servers == ()
        assert file.exists()


def test_a_folder_that_others_can_write_is_refused() -> None:
    with published(server()):
        runtime_folder().chmod(0o777)
        with pytest.raises(ServeError, match="chmod 700"):
            running_servers()
        runtime_folder().chmod(0o700)


def test_the_server_of_another_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose file it is and who asks are two users, whichever of them the test is."""
    with published(server()):
        asking = os.geteuid() + 12345
        monkeypatch.setattr(os, "geteuid", lambda: asking)
        with pytest.raises(ServeError, match="belongs to another user"):
            running_servers()
        # Also where the folder is one's own.
        monkeypatch.setattr(running_servers_module, "_check_owner", lambda _: None)
        found = running_servers()
        assert found.servers == ()
        [sentence] = found.refused
        assert "belongs to another user" in sentence


def test_a_home_that_can_keep_no_token_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServeError, match="JMCP_TOKEN"):
        user_token(tmp_path / "file")
    with pytest.raises(ServeError, match="JMCP_TOKEN"):
        user_token(tmp_path / "file" / "below")


def test_a_home_that_cannot_be_written_stops_no_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    with published(server()):
        assert "jmcp connect will not find this server" in caplog.text
