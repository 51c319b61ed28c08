"""Personal tokens and connected clients, as their user sees them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from jmcp.core.errors import ServeError
from jmcp.hub.grants import grants as grants_module
from jmcp.hub.grants.grant import Grant
from jmcp.hub.grants.grants import DAY_SECONDS, GrantRefused
from jmcp.hub.grants.sealing import KEY_FILE, Sealer, load_keys
from jmcp.hub.oauth import consent
from tests.unit.hub.oauth.conftest import BASE, Program, World


async def personal(
    world: World, *, user: str = "alice", name: str = "CI", days: float = 7, hub_days: float = 14
) -> tuple[Grant, str]:
    return await world.server.grants.create_personal(
        user,
        name=name,
        days=days,
        hub_token="the Hub's token",
        hub_token_expires=world.clock.now + hub_days * DAY_SECONDS,
    )


async def test_a_personal_token_is_for_all_of_the_gateway(world: World) -> None:
    grant, token = await personal(world)
    assert token.startswith("jmcp_pt_")
    for path in ("/mcp", "/jmcp/v1/tools"):
        assert await world.server.hub_token(token, BASE + path) == "the Hub's token"
    assert await world.server.hub_token(token + "x") is None
    assert await world.server.hub_token("jmcp_pt_") is None
    assert (grant.kind, grant.name, grant.expires) == (
        "personal",
        "CI",
        world.clock.now + 7 * DAY_SECONDS,
    )
    world.clock.now += 7 * DAY_SECONDS
    assert await world.server.hub_token(token) is None


async def test_a_personal_token_ends_with_the_hub_s(world: World) -> None:
    grant, _ = await personal(world, days=100, hub_days=3)
    assert grant.expires == world.clock.now + 3 * DAY_SECONDS
    with pytest.raises(GrantRefused, match="log in again"):
        await personal(world, hub_days=0)


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("", 1),
        ("  ", 1),
        ("x" * 101, 1),
        ("a\x00b", 1),
        ("\u202eb", 1),
        ("CI", 0),
        ("CI", -1),
        ("CI", 4_000),
        ("CI", float("nan")),
    ],
)
async def test_a_personal_token_that_cannot_be(world: World, name: str, days: float) -> None:
    with pytest.raises(GrantRefused):
        await personal(world, name=name, days=days)


async def test_personal_tokens_have_a_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grants_module, "MAX_PERSONAL_TOKENS", 2)
    for _ in range(2):
        await personal(world)
    with pytest.raises(GrantRefused, match="limit"):
        await personal(world)
    await personal(world, user="bob")


async def test_a_user_sees_and_revokes_one_s_own(world: World, program: Program) -> None:
    mine, token = await personal(world)
    tokens = await program.logged_in("alice")
    await program.logged_in("bob")
    names = [grant.name for grant in await world.server.grants.of_user("alice")]
    assert sorted(names) == ["A client", "CI"]
    assert not await world.server.grants.revoke("bob", mine.id)
    assert await world.server.hub_token(token)
    assert await world.server.grants.revoke("alice", mine.id)
    assert not await world.server.grants.revoke("alice", mine.id)
    assert await world.server.hub_token(token) is None
    assert await world.server.grants.revoke_all("alice") == 1
    assert await world.server.hub_token(tokens["access_token"]) is None
    assert not await world.server.grants.of_user("alice")
    assert len(await world.server.grants.of_user("bob")) == 1


async def test_the_last_use_is_right_to_a_minute(world: World) -> None:
    _, token = await personal(world)
    for seconds, noted in ((0, 0), (59, 0), (1, 60)):
        world.clock.now += seconds
        await world.server.hub_token(token)
        (grant,) = await world.server.grants.of_user("alice")
        assert grant.last_used == 1_000_000 + noted


async def test_the_client_that_was_not_used_for_longest_makes_room(
    world: World, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent, "MAX_GRANTS", 2)
    first, second = await program.logged_in(), await program.logged_in()
    world.clock.now += 100
    await world.server.hub_token(first["access_token"])
    await program.logged_in()
    assert await world.server.hub_token(first["access_token"])
    assert await world.server.hub_token(second["access_token"]) is None


# -- keys --------------------------------------------------------------------------------------------


async def test_without_the_key_nothing_can_be_read(world: World) -> None:
    _, token = await personal(world)
    other = grants_module.Grants(
        world.records, Sealer([Fernet.generate_key().decode()]), clock=world.clock
    )
    assert await other.hub_token(token) is None


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    keys = load_keys(folder)
    assert load_keys(folder) == keys
    assert (folder / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [one.name for one in folder.iterdir()] == [KEY_FILE]


def test_a_new_key_opens_what_the_old_one_sealed(tmp_path: Path) -> None:
    sealed = Sealer(load_keys(tmp_path)).seal("text")
    file = tmp_path / KEY_FILE
    file.write_text(f"{Fernet.generate_key().decode()}\n{file.read_text()}")
    both = Sealer(load_keys(tmp_path))
    assert both.open(sealed) == "text"
    file.write_text(file.read_text().split()[0])
    assert Sealer(load_keys(tmp_path)).open(both.seal("new")) == "new"
    assert Sealer(load_keys(tmp_path)).open(sealed) is None


def test_keys_of_a_variable_come_first(tmp_path: Path) -> None:
    first, second = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    for text in (f"{first}, {second}", f"{first} {second}"):
        assert load_keys(tmp_path, text) == [first, second]
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("text", ["", "short", "not base64 at all"])
def test_a_key_that_is_none_is_said_without_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / KEY_FILE
    file.touch(0o600)
    file.write_text(text)
    with pytest.raises(ServeError) as raised:
        load_keys(tmp_path)
    assert not text or text not in str(raised.value)


def test_keys_that_others_may_read_are_refused(tmp_path: Path) -> None:
    load_keys(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(ServeError, match="chmod 600"):
        load_keys(tmp_path)


def test_a_grant_shows_no_secret() -> None:
    grant = Grant(
        id="1",
        user="alice",
        kind="personal",
        name="CI",
        created=0,
        expires=1,
        sealed_hub_token="s3cr3t",
    )
    assert "s3cr3t" not in repr(replace(grant, name="other"))
    assert "s3cr3t" not in repr(grant.record())
