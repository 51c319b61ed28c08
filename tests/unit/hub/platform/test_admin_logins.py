"""An administrator's second login: for one browser, one hour, and as long as the Hub says so."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from cryptography.fernet import Fernet

from jmcp.hub.gateway.hub_api import HubApi, HubRefusal, User
from jmcp.hub.grants.sealing import Sealer
from jmcp.hub.grants.sqlite_records import FILE, SqliteRecords
from jmcp.hub.login.browser_sessions import BrowserSession
from jmcp.hub.login.hub_identity import HubLogin
from jmcp.hub.platform.admin_login import MAX_SECONDS, AdminLogins
from jmcp.transport.problems import Problem
from tests.clock import Clock

TOKEN = "the-administrators-token-of-the-hub"


def session(key: str = "a", user: str = "root") -> BrowserSession:
    return BrowserSession(
        key=key, user=user, hub_token="t", hub_token_expires=9e9, csrf="c", expires=9e9
    )


class Hub:
    """Says who the token is of."""

    def __init__(self) -> None:
        self.says: User | HubRefusal = User(name="root", scopes=frozenset(), admin=True)
        self.asked: list[str] = []

    async def user(self, token: str) -> User:
        self.asked.append(token)
        if isinstance(self.says, HubRefusal):
            raise self.says
        return self.says


def made(folder: Path) -> tuple[AdminLogins, Hub, Clock]:
    clock, hub = Clock(), Hub()
    clock.now = 1_000_000.0
    logins = AdminLogins(
        records=SqliteRecords(folder, clock=clock),
        sealer=Sealer([Fernet.generate_key().decode()]),
        hub=cast("HubApi", hub),
        prefix="/services/jmcp",
        clock=clock,
    )
    return logins, hub, clock


async def refused(logins: AdminLogins, who: BrowserSession) -> str:
    with pytest.raises(Problem) as caught:
        await logins.token(who)
    assert caught.value.body["status"] == 403
    return str(caught.value.body["code"])


async def test_it_is_for_one_browser_and_an_hour(tmp_path: Path) -> None:
    logins, hub, clock = made(tmp_path)
    assert await refused(logins, session()) == "administrators_login_needed"
    assert hub.asked == []
    await logins.keep(session(), HubLogin(user="root", token=TOKEN, expires=9e9))
    assert await logins.token(session()) == TOKEN
    assert await refused(logins, session("b")) == "administrators_login_needed"
    assert TOKEN.encode() not in (tmp_path / FILE).read_bytes()
    clock.now += MAX_SECONDS
    assert await refused(logins, session()) == "administrators_login_needed"


@pytest.mark.parametrize(
    "says",
    [
        User(name="root", scopes=frozenset({"list:users"}), admin=False),
        User(name="other", scopes=frozenset(), admin=True),
        HubRefusal(status=403, message="Forbidden"),
    ],
)
async def test_the_hub_is_asked_each_time(tmp_path: Path, says: User | HubRefusal) -> None:
    logins, hub, _ = made(tmp_path)
    await logins.keep(session(), HubLogin(user="root", token=TOKEN, expires=9e9))
    assert await logins.token(session()) == TOKEN
    hub.says = says
    assert await refused(logins, session()) == "no_administrator"
    assert hub.asked == [TOKEN, TOKEN]


async def test_a_second_login_replaces_the_first(tmp_path: Path) -> None:
    logins, _, clock = made(tmp_path)
    await logins.keep(session(), HubLogin(user="root", token="first", expires=clock.now + 10))
    await logins.keep(session(), HubLogin(user="root", token=TOKEN, expires=9e9))
    clock.now += 20
    assert await logins.token(session()) == TOKEN
