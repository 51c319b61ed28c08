"""`jmcp install`, as a person uses it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from jmcp.cli.install import installed_command
from jmcp.cli.main import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "CODEX_HOME", "CLAUDE_CONFIG_DIR", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def test_it_shows_the_change_and_writes_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / ".cursor" / "mcp.json"
    path.parent.mkdir()
    path.write_text('{\n  "mcpServers": {}\n}\n')
    assert main(["install", "cursor", "--yes"]) == 0
    told = capsys.readouterr().out
    assert '+    "jmcp": {' in told
    assert "as it was: " in told
    entry = json.loads(path.read_text())["mcpServers"]["jmcp"]
    assert Path(entry["command"]).is_absolute()
    assert entry["args"][-1] == "connect"
    assert main(["install", "cursor", "--yes"]) == 0
    assert "is configured already" in capsys.readouterr().out
    assert main(["install", "cursor", "--remove", "--yes"]) == 0
    assert json.loads(path.read_text()) == {"mcpServers": {}}


def test_nothing_is_written_unasked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "cursor"]) == 1
    assert "--yes writes without asking" in capsys.readouterr().err
    assert main(["install", "cursor", "--print"]) == 0
    assert '"connect"' in capsys.readouterr().out
    assert [*home.iterdir()] == []


def test_nowhere_is_nothing_to_remove(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "all", "--remove", "--yes"]) == 0
    assert "none of the clients" in capsys.readouterr().out


def test_all_are_those_that_are_here(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "all", "--yes"]) == 1
    assert "none of these is used on this machine" in capsys.readouterr().err
    (home / ".gemini").mkdir()
    (home / ".codex").mkdir()
    broken = home / ".claude.json"
    broken.write_text("{")
    assert main(["install", "all", "--yes"]) == 1  # for the broken one
    assert "left as it is" in capsys.readouterr().err
    assert broken.read_text() == "{"
    assert "connect" in (home / ".gemini" / "settings.json").read_text()
    assert "connect" in (home / ".codex" / "config.toml").read_text()
    assert not (home / ".cursor").exists()


def test_the_command_is_the_one_that_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "bin" / "jmcp"
    script.parent.mkdir()
    script.touch()
    monkeypatch.setattr(sys, "argv", [str(script), "install"])
    assert installed_command() == [str(script)]
    monkeypatch.setattr(sys, "argv", ["/nowhere/jmcp", "install"])
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert installed_command() == ["/nowhere/python", "-P", "-m", "jmcp"]
