"""`jmcp serve` as a person meets it: a process, its output, its files and its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx2 as httpx
import pytest

from jmcp.compose import VERSION
from jmcp.core.errors import ServeError
from jmcp.hosting import client_config, embedded_lab
from jmcp.options import serve_options
from jmcp.state.token import config_folder, user_token
from tests.command_line import jmcp
from tests.served import READY_SECONDS, Served, environment
from tests.served import serve as served_process
from tests.thorough import fast_only

STOP_SECONDS = 20


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jmcp", *arguments],
        env=environment(home),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
        check=False,
    )


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(tmp_path, "serve", "--port", str(port), "--no-browser")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == f"jmcp: port {port} is taken; choose another one with --port\n"


def test_a_folder_that_is_missing_is_one_clear_line(tmp_path: Path) -> None:
    ended = jmcp(tmp_path, "serve", "--root-dir", "nope", "--no-browser")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"jmcp: {tmp_path / 'nope'} is not a folder; name one with --root-dir\n"


def test_an_unknown_toolset_is_one_clear_line(tmp_path: Path) -> None:
    ended = jmcp(tmp_path, "serve", "--toolset", "core,nope", "--no-browser")
    assert ended.returncode == 1
    assert ended.stderr.startswith("jmcp: no toolset nope; --toolset takes: core")


def test_what_lab_adds_is_named_when_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_lab, "LAB", ("jupyterlab", "no_such_package"))
    with pytest.raises(ServeError, match=r"no_such_package, not installed: pip install .*\[lab\]'"):
        embedded_lab.check_installed()


def test_the_token_is_kept_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    folder = config_folder()
    assert folder == tmp_path / "xdg" / "jmcp"
    token = user_token(folder)
    assert len(token) >= 32
    assert user_token(folder) == token
    assert stat.S_IMODE((folder / "token").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["token"]
    (folder / "token").write_text("")
    assert user_token(folder) != ""


def test_a_relative_xdg_folder_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert config_folder() == Path.home() / ".config" / "jmcp"


def test_tokens_leave_the_environment() -> None:
    given = {"JMCP_TOKEN": "ours", "JUPYTER_TOKEN": "theirs", "HOME": "/"}
    assert serve_options.pop_token(given) == "ours"
    assert given == {"HOME": "/"}


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8888/x"),
        ("0.0.0.0", "http://127.0.0.1:8888/x"),
        ("::1", "http://[::1]:8888/x"),
    ],
)
def test_urls_are_those_of_this_machine(host: str, url: str) -> None:
    where = client_config.server_address(host, 8888, "/x/", "secret")
    assert where.url == url
    configured = json.loads(where.client_config)["mcpServers"]["jmcp"]
    assert configured["url"] == f"{url}/mcp"
    assert configured["headers"] == {"Authorization": "Bearer secret"}


def test_tools_are_listed(tmp_path: Path) -> None:
    assert "use_notebook" in jmcp(tmp_path, "tools").stdout
    entries = json.loads(jmcp(tmp_path, "tools", "--json").stdout)
    assert entries[0]["inputSchema"]["type"] == "object"


def test_the_version_is_told(tmp_path: Path) -> None:
    assert run(tmp_path, "--version").stdout == f"jmcp {VERSION}\n"


@pytest.mark.parametrize("number", fast_only([signal.SIGTERM, signal.SIGINT], signal.SIGINT))
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with served_process(tmp_path / "home", tmp_path / "root") as server:
        opened = httpx.post(
            f"{server.url}jmcp/v1/sessions",
            json={"notebook_path": "a.ipynb", "mode": "create"},
            headers=server.headers,
            timeout=30,
        )
        assert opened.status_code == 201, opened.text
        server.process.send_signal(number)
        assert server.process.wait(STOP_SECONDS) == 0


def test_no_other_process_can_read_the_token(served: Served) -> None:
    """Not in a kernel's environment, nor in anything that the system shows of the server."""
    code = "import os; print(*[f'{name}={value}' for name, value in os.environ.items()])"
    with httpx.Client(base_url=served.url, headers=served.headers, timeout=60) as client:
        made = {"notebook_path": "token.ipynb", "mode": "create"}
        session = client.post("jmcp/v1/sessions", json=made).json()["session_id"]
        ran = client.post(f"jmcp/v1/sessions/{session}/code", json={"code": code}).json()
        client.delete(f"jmcp/v1/sessions/{session}", params={"kernel": "stop"})
    assert ran.get("status", "ok") == "ok"
    assert served.token not in json.dumps(ran)
    assert "TOKEN" not in json.dumps(ran)
    process = Path(f"/proc/{served.process.pid}")
    if process.exists() and os.geteuid() == 0:
        assert served.token not in (process / "environ").read_text()
