"""The files of clients: where they are, and that none is ever destroyed."""

from __future__ import annotations

import json
import os
import stat
import tomllib
from pathlib import Path

import pytest

from jmcp.clients.config_file import ConfigFile
from jmcp.clients.table import CLIENTS, Client
from jmcp.core.errors import ServeError

CODEX = CLIENTS["codex"]
CURSOR = CLIENTS["cursor"]
COMMAND = ["/opt/bin/jmcp", "connect"]

TOML = """\
# How I like it
model = "o3"   # the best

[mcp_servers.other]  # keep
command = "x"

[mcp_servers.other.env]
KEY = "1"

[profiles.fast]
model = "mini"
"""


def add(client: Client, path: Path) -> str:
    file = ConfigFile(client, path)
    file.write(file.with_server(client.server(COMMAND, {})))
    return path.read_text()


@pytest.mark.parametrize(
    ("name", "system", "expected"),
    [
        ("claude-code", "linux", "/h/.claude.json"),
        (
            "claude-desktop",
            "darwin",
            "/h/Library/Application Support/Claude/claude_desktop_config.json",
        ),
        ("claude-desktop", "win32", "/appdata/Claude/claude_desktop_config.json"),
        ("claude-desktop", "linux", "/h/.config/Claude/claude_desktop_config.json"),
        ("cursor", "win32", "/h/.cursor/mcp.json"),
        ("vscode", "linux", "/h/.config/Code/User/mcp.json"),
        ("vscode", "darwin", "/h/Library/Application Support/Code/User/mcp.json"),
        ("codex", "linux", "/h/.codex/config.toml"),
        ("gemini", "darwin", "/h/.gemini/settings.json"),
    ],
)
def test_where_files_are(name: str, system: str, expected: str) -> None:
    environment = {"HOME": "/h", "USERPROFILE": "/h", "APPDATA": "/appdata"}
    assert CLIENTS[name].path(environment, system) == Path(expected)


def test_variables_of_clients_move_their_files() -> None:
    environment = {"HOME": "/h", "CODEX_HOME": "/c", "CLAUDE_CONFIG_DIR": "/d"}
    assert CODEX.path(environment, "linux") == Path("/c/config.toml")
    assert CLIENTS["claude-code"].path(environment, "linux") == Path("/d/.claude.json")


@pytest.mark.parametrize("client", CLIENTS.values(), ids=lambda client: client.name)
def test_a_client_finds_servers_where_this_user_has_them(client: Client, tmp_path: Path) -> None:
    entry = client.server(COMMAND, {"XDG_CONFIG_HOME": "/elsewhere"})
    assert entry["env"] == {"XDG_CONFIG_HOME": "/elsewhere"}
    file = ConfigFile(client, tmp_path / "file")
    file.write(file.with_server(entry))
    assert file.entry() == entry


@pytest.mark.parametrize("client", CLIENTS.values(), ids=lambda client: client.name)
def test_a_client_without_a_file_gets_one(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    text = add(client, path)
    data = tomllib.loads(text) if client.format == "toml" else json.loads(text)
    entry = data[client.section]["jmcp"]
    assert (entry["command"], entry["args"]) == ("/opt/bin/jmcp", ["connect"])
    file = ConfigFile(client, path)
    assert file.entry() == entry
    assert file.with_server(client.server(COMMAND, {})).after == text
    assert "jmcp" not in file.without_server().after


def test_toml_keeps_its_comments_and_its_order(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(TOML)
    text = add(CODEX, path)
    assert [line for line in TOML.splitlines() if line] == [
        line for line in text.splitlines() if line in TOML.splitlines() and line
    ]
    assert tomllib.loads(text)["mcp_servers"]["jmcp"]["command"] == "/opt/bin/jmcp"
    file = ConfigFile(CODEX, path)
    file.write(file.without_server())
    assert path.read_text().split() == TOML.split()


@pytest.mark.parametrize(
    ("client", "text", "reason"),
    [
        (CURSOR, b"{ this is no JSON", "a name is missing in line 1"),
        (CURSOR, b'{"mcpServers": []}', "mcpServers is not an object"),
        (CURSOR, b'{"a": "\xff"}', "not in UTF-8"),
        (CODEX, b"a = ", "as TOML it cannot be changed"),
        (CODEX, b"mcp_servers = 1", "mcp_servers is not a table"),
    ],
)
def test_what_cannot_be_read_is_left_as_it_is(
    client: Client, text: bytes, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(text)
    with pytest.raises(ServeError, match=reason):
        add(client, path)
    assert path.read_bytes() == text
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.skipif(os.name == "nt", reason="modes and links")
def test_mode_link_and_backup_are_kept(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "mcp.json"
    real.parent.mkdir()
    real.write_text('{"secret": 1}')
    real.chmod(0o600)
    link = tmp_path / "mcp.json"
    link.symlink_to(real)
    file = ConfigFile(CURSOR, link)
    backup = file.write(file.with_server(CURSOR.server(COMMAND, {})))
    assert link.is_symlink()
    assert json.loads(real.read_text())["secret"] == 1
    assert backup is not None
    assert backup.read_text() == '{"secret": 1}'
    assert [stat.S_IMODE(one.stat().st_mode) for one in (real, backup)] == [0o600, 0o600]


def test_what_was_written_meanwhile_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_text("{}")
    file = ConfigFile(CURSOR, path)
    change = file.with_server(CURSOR.server(COMMAND, {}))
    path.write_text('{"new": 1}')
    with pytest.raises(ServeError, match="changed by somebody else"):
        file.write(change)
    assert path.read_text() == '{"new": 1}'
