"""The API of the platform page, for a browser whose session at the gateway has not ended yet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
from cryptography.fernet import Fernet
from starlette.requests import Request

from jmcp.hub.gateway.app import gateway_app
from jmcp.hub.grants.grants import Grants
from jmcp.hub.grants.sealing import Sealer
from jmcp.hub.grants.sqlite_records import SqliteRecords
from jmcp.hub.login.browser_sessions import BrowserSession
from jmcp.hub.platform.access import Access
from jmcp.hub.platform.api import Api
from tests.unit.hub.gateway.platform import PREFIX, Client, Platform

SESSION = BrowserSession(
    key="k", user="alice", hub_token="alice-1", hub_token_expires=9e9, csrf="c", expires=9e9
)


@dataclass(kw_only=True)
class Sessions:
    """One browser, which is logged in."""

    session: BrowserSession

    async def of(self, _: Request) -> BrowserSession:
        return self.session

    def is_own_request(self, *_: Any) -> bool:
        return True


@asynccontextmanager
async def browser(
    client: Client, folder: Path, session: BrowserSession
) -> AsyncIterator[httpx2.AsyncClient]:
    records = SqliteRecords(folder)
    grants = Grants(records, Sealer([Fernet.generate_key().decode()]))
    sessions: Any = Sessions(session=session)
    routes = Access(api=Api(gateway=client.gateway, sessions=sessions), grants=grants).routes()
    transport = httpx2.ASGITransport(gateway_app(client.gateway, routes))
    async with httpx2.AsyncClient(
        transport=transport, base_url=f"http://127.0.0.1{PREFIX}/api/"
    ) as http:
        yield http
    await records.close()


async def test_a_session_ends_with_the_hubs_token_also_where_the_hub_is_not_needed(
    client: Client, platform: Platform, tmp_path: Path
) -> None:
    async with browser(client, tmp_path, SESSION) as http:
        assert (await http.get("grants")).status_code == 200
        platform.hub_away = True
        assert (await http.delete("grants")).status_code == 200
    platform.hub_away = False
    # A logout at the Hub; somebody who was renamed, and whose old name another one has now.
    for token in ("alice-wrong", "bob-1"):
        async with browser(client, tmp_path, replace(SESSION, hub_token=token)) as http:
            assert (await http.get("grants")).status_code == 401
            assert (await http.post("tokens", json={"name": "n"})).status_code == 401


async def test_tokens_that_are_made_and_revoked_without_end_do_not_fill_the_store(
    client: Client, tmp_path: Path
) -> None:
    async with browser(client, tmp_path, SESSION) as http:
        for _ in range(30):
            made = await http.post("tokens", json={"name": "n"})
            assert made.status_code == 201
            assert (await http.delete(f"grants/{made.json()['grant']['id']}")).status_code == 200
        refused = await http.post("tokens", json={"name": "n"})
        assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
