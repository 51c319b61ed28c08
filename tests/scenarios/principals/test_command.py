"""`jmcp token` as a person uses it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jmcp.cli import token
from jmcp.cli.main import main
from jmcp.state.named_tokens import NamedTokens, TokenError
from tests.served import environment

NOW = datetime(2026, 12, 30, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "jmcp"


def test_a_token_is_all_that_is_printed_for_scripts(home: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "jmcp", "token", "create", "--name", "ci", "--scope", "read"]
    variables = environment(tmp_path) | {"XDG_CONFIG_HOME": str(tmp_path)}
    ran = subprocess.run(
        command, env=variables, capture_output=True, text=True, timeout=60, check=True
    )
    principal = NamedTokens(home).principal(ran.stdout.strip())
    assert principal is not None
    assert principal.name == "token:ci"
    assert "only time" in ran.stderr
    assert ran.stdout.strip() not in ran.stderr


def test_made_listed_and_removed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "list"]) == 0
    assert "jmcp token create" in capsys.readouterr().err
    assert main(["token", "create", "--name", "ci", "--scope", "read", "--expires", "30d"]) == 0
    scopes = ["--scope", "read", "--scope", "execute"]
    assert main(["token", "create", "--name", "agent", *scopes]) == 0
    tokens = capsys.readouterr().out
    assert main(["token", "list"]) == 0
    listed = capsys.readouterr().out
    assert [line.split()[:3] for line in listed.splitlines()] == [
        ["agent", "read,execute", "never"],
        ["ci", "read", "expires"],
    ]
    assert not any(token in listed for token in tokens.split())
    assert main(["token", "remove", "ci"]) == 0
    assert main(["token", "remove", "ci"]) == 1
    assert "there are: agent" in capsys.readouterr().err
    assert main(["token", "create", "--name", "agent", "--scope", "read"]) == 1
    assert "jmcp token remove agent" in capsys.readouterr().err


def test_an_expired_one_is_listed_as_such(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    NamedTokens(home).create("old", ("read",), NOW.timestamp() - 10**9)
    assert main(["token", "list"]) == 0
    assert "expired 1995-04-23" in capsys.readouterr().out


def test_what_cannot_be_written_is_said_in_a_line(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write_text("not a folder")
    assert main(["token", "create", "--name", "ci", "--scope", "read"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert str(home) in line


@pytest.mark.parametrize("given", [["token"], ["token", "create", "--name", "ci"]])
def test_what_is_missing_is_named(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(given)
    assert "required" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("never", None),
        ("12h", NOW + timedelta(hours=12)),
        ("30d", NOW + timedelta(days=30)),
        ("4w", NOW + timedelta(weeks=4)),
        ("2026-12-30", datetime(2026, 12, 31, tzinfo=UTC)),
        ("2026-12-31", datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_when_it_ends(text: str, moment: datetime | None) -> None:
    assert token.moment_of(text, NOW) == (moment and moment.timestamp())


@pytest.mark.parametrize(
    "text", ["", "0d", "-1d", "30", "30m", "tomorrow", "2026-12-29", "9999-12-31", "31.12.2026"]
)
def test_no_time_to_end(text: str) -> None:
    with pytest.raises(TokenError, match="--expires"):
        token.moment_of(text, NOW)
