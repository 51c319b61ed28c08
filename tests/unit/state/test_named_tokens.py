"""Named tokens as they are kept: what opens, until when, and what lies on the disk."""

from __future__ import annotations

import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jmcp.core.calls.principal import LEVELS, SCOPES, implied
from jmcp.state.named_tokens import MAX_TOKENS, NamedTokens, TokenError
from tests.clock import Clock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "config" / "jmcp"


def test_a_token_opens_until_it_is_removed(folder: Path) -> None:
    server, person = NamedTokens(folder), NamedTokens(folder)
    token = person.create("ci", ("read",), None)
    principal = server.principal(token)
    assert principal is not None
    assert (principal.name, sorted(principal.scopes)) == ("token:ci", ["read"])
    person.remove("ci")
    assert server.principal(token) is None
    # Another one of that name is the same principal, and the old token stays closed.
    again = person.create("ci", ("write",), None)
    principal = server.principal(again)
    assert principal is not None
    assert (principal.name, sorted(principal.scopes)) == ("token:ci", ["read", "write"])
    assert server.principal(token) is None


def test_each_change_counts_also_within_one_tick_of_the_file_systems_clock(folder: Path) -> None:
    server, person = NamedTokens(folder), NamedTokens(folder)
    person.create("first", ("read",), None)
    tick = (folder / "tokens").stat().st_mtime_ns
    for number in range(20):
        token = person.create(f"t{number}", ("read",), None)
        os.utime(folder / "tokens", ns=(tick, tick))
        assert server.principal(token) is not None
        person.remove(f"t{number}")
        os.utime(folder / "tokens", ns=(tick, tick))
        assert server.principal(token) is None


def test_what_has_not_changed_for_a_while_is_not_read_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = NamedTokens(folder)
    token = server.create("ci", ("read",), None)
    os.utime(folder / "tokens", (1_000, 1_000))
    assert server.principal(token) is not None
    monkeypatch.setattr(NamedTokens, "all", lambda _: pytest.fail("read again"))
    assert server.principal(token) is not None


def test_an_expired_token_opens_nothing(folder: Path) -> None:
    clock = Clock()
    tokens = NamedTokens(folder, clock=clock)
    token = tokens.create("ci", ("read",), clock.now + 60)
    assert tokens.principal(token) is not None
    clock.now += 60
    assert tokens.principal(token) is None
    assert [kept.name for kept in tokens.all()] == ["ci"]


@pytest.mark.parametrize("given", ["", "jmcp_", "jmcp_" + "0" * 48, "ci", "jmcp_ünicode", "a" * 99])
def test_anything_else_opens_nothing(folder: Path, given: str) -> None:
    tokens = NamedTokens(folder)
    assert tokens.principal(given) is None
    tokens.create("ci", ("admin",), None)
    assert tokens.principal(given) is None


def test_the_token_itself_is_nowhere_on_the_disk_and_what_is_there_is_private(folder: Path) -> None:
    token = NamedTokens(folder).create("ci", ("read",), None)
    assert re.fullmatch(r"jmcp_[0-9a-f]{48}", token)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert [path.name for path in files] == ["ci.json"]
    assert token.removeprefix("jmcp_") not in files[0].read_text()
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    for directory in (folder, folder / "tokens"):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_of_many_who_make_the_same_one_is_first(folder: Path) -> None:
    def create(_: int) -> str | None:
        try:
            return NamedTokens(folder).create("ci", ("read",), None)
        except TokenError:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [token for token in pool.map(create, range(32)) if token]
    assert len(made) == 1
    assert NamedTokens(folder).principal(made[0]) is not None
    assert os.listdir(folder / "tokens") == ["ci.json"]


def test_many_are_made_at_once_and_none_is_lost(folder: Path) -> None:
    def create(number: int) -> str:
        return NamedTokens(folder).create(f"t{number}", ("read",), None)

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(create, range(32)))
    server = NamedTokens(folder)
    names = {principal.name for token in made if (principal := server.principal(token))}
    assert names == {f"token:t{number}" for number in range(32)}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"sha256": 1}', '{"sha256": "zz", "scopes": ["admin"]}', "\x00"]
)
def test_a_broken_file_opens_nothing_and_spares_the_others(folder: Path, text: str) -> None:
    tokens = NamedTokens(folder)
    token = tokens.create("ci", ("read",), None)
    (folder / "tokens" / "broken.json").write_text(text)
    assert tokens.principal(token) is not None
    assert [kept.name for kept in tokens.all()] == ["ci"]


@pytest.mark.parametrize("name", ["", "My-CI", "../up", "a/b", ".hidden", "x" * 65, "a\n", "ä"])
def test_a_name_is_one_of_a_file(folder: Path, name: str) -> None:
    with pytest.raises(TokenError):
        NamedTokens(folder).create(name, ("read",), None)
    with pytest.raises(TokenError, match="there are: none"):
        NamedTokens(folder).remove(name)


def test_there_is_a_limit(folder: Path) -> None:
    tokens = NamedTokens(folder)
    tokens.create("first", ("read",), None)
    kept = (folder / "tokens" / "first.json").read_text()
    for number in range(MAX_TOKENS - 1):
        (folder / "tokens" / f"t{number}.json").write_text(kept)
    with pytest.raises(TokenError, match="limit"):
        tokens.create("one-more", ("read",), None)


def test_a_scope_has_those_before_it() -> None:
    assert [sorted(implied([scope])) for scope in LEVELS] == [
        ["read"],
        ["read", "write"],
        ["execute", "read", "write"],
        sorted(SCOPES),
    ]
    assert implied([]) == implied(["root"]) == frozenset()
    assert implied(["read", "execute"]) == {"read", "write", "execute"}
