"""Coming in with a ticket: standalone a page redeems it for a token, inside Jupyter for its cookies."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.core.calls.principal import Scope
from jmcp.state.named_tokens import NamedTokens
from jmcp.state.token import config_folder
from jmcp.transport.entry import tickets
from jmcp.transport.entry.entry import REDEMPTION, TICKETS, Entry
from jmcp.transport.entry.tickets import PageTokens, Tickets
from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.site import site
from tests.jupyter_process import TOKEN, StartJupyter
from tests.scenarios.principals.test_jupyter import HubLike
from tests.surfaces.conftest import (
    HEADERS,
    Client,
    RecordingDispatcher,
    client_of,
    client_of_site,
    root_url,
)
from tests.surfaces.http.test_wire import problem

PLATFORM = "https://platform.example"
FRAMED = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site", "Accept": "text/html"}


async def asked(client: Client, headers: dict[str, str], **body: str) -> dict[str, Any]:
    answer = await client.post(TICKETS, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def named(tmp_path: Path) -> NamedTokens:
    return NamedTokens(tmp_path)


@pytest.fixture
async def alone(recording: RecordingDispatcher, named: NamedTokens) -> AsyncIterator[Client]:
    """A client without a token, of a server that is made as `jmcp.hosting.standalone` makes it."""
    entry = Entry(tickets=Tickets(named.with_digest), tokens=PageTokens(named.with_digest))
    made = site(
        recording,
        version="1.2.3",
        host_origin=HostOriginPolicy(),
        token=TOKEN,
        named=entry.tokens.beside(named.principal),
        public_paths=frozenset({REDEMPTION, "/jmcp/workbench"}),
        entry=entry,
        frame_ancestors=(PLATFORM,),
    )
    async with client_of_site(made) as client:
        yield client


async def test_a_page_has_what_its_ticket_was_asked_for_with(
    alone: Client, recording: RecordingDispatcher, named: NamedTokens
) -> None:
    reader = bearer(named.create("reader", ("read",), None))
    given = await asked(alone, reader)
    assert given["expires_in"] == 60
    assert given["url"] == f"http://localhost{given['path']}"
    assert given["path"] == f"/jmcp/workbench?entry=ticket#ticket={given['ticket']}"
    answer = await alone.post(REDEMPTION, json={"ticket": given["ticket"]})
    assert answer.status_code == 201
    page = answer.json()
    assert (page["owner"], page["scopes"]) == ("token:reader", ["read"])
    body = {"tool_name": "list_kernels"}
    assert (
        await alone.post("/mcp/tools/call", json=body, headers=bearer(page["token"]))
    ).is_success
    caller = recording.calls[0][2]
    assert (caller.owner, [*caller.scopes]) == ("token:reader", ["read"])
    again = await alone.post(REDEMPTION, json={"ticket": given["ticket"]})
    assert problem(again, 401)["code"] == "ticket_used"
    # It could go on for ever, and that of a removed token would.
    refused = await alone.post(TICKETS, headers=bearer(page["token"]))
    assert problem(refused, 403)["code"] == "no_tickets"
    named.remove("reader")
    refused = await alone.post("/mcp/tools/call", json=body, headers=bearer(page["token"]))
    assert problem(refused, 401)["code"] == "unauthorized"


async def test_one_of_two_who_come_at_once_has_it(alone: Client) -> None:
    given = await asked(alone, HEADERS)
    answers = await asyncio.gather(
        *(alone.post(REDEMPTION, json={"ticket": given["ticket"]}) for _ in range(2))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 401]


async def test_whatever_is_no_ticket_is_refused(alone: Client) -> None:
    problem(await alone.post(TICKETS), 401)
    for body, status in (
        ({}, 400),
        ({"ticket": 3}, 400),
        ({"ticket": "nope"}, 401),
        ({"ticket": TOKEN}, 401),
    ):
        problem(await alone.post(REDEMPTION, json=body), status)
    problem(await alone.post(TICKETS, json={"next": "https://evil.example"}, headers=HEADERS), 400)
    no_lab = await alone.post(TICKETS, json={"next": "/lab"}, headers=HEADERS)
    assert problem(no_lab, 403)["code"] == "only_workbench"


async def test_too_many_are_said_to_be(alone: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "MAX_TICKETS", 1)
    await asked(alone, HEADERS)
    refused = await alone.post(TICKETS, headers=HEADERS)
    assert problem(refused, 429)["code"] == "too_many_tickets"
    assert "retry-after" in refused.headers


async def test_who_may_frame(alone: Client) -> None:
    page = await alone.get("/jmcp/workbench")
    assert f"frame-ancestors 'self' {PLATFORM}" in page.headers["content-security-policy"]
    for answer in (await alone.get("/mcp/tools/list", headers=HEADERS), await alone.post(TICKETS)):
        assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"


def stranger(server: ServerApp) -> Client:
    """Somebody who is not known yet and follows no redirect."""
    return httpx.AsyncClient(base_url=root_url(server), headers={"X-None": ""}, timeout=30)


def created(scope: Scope) -> dict[str, str]:
    return bearer(NamedTokens(config_folder()).create(scope, (scope,), None))


async def test_inside_jupyter_it_is_jupyters_login(
    jupyter: StartJupyter, caplog: pytest.LogCaptureFixture
) -> None:
    server = await jupyter(
        collaboration=False,
        extensions=["jmcp"],
        ServerApp={"base_url": "/user/ada/"},
        JmcpExtension={"frame_ancestors": [PLATFORM]},
    )
    caplog.set_level(logging.DEBUG)
    server.log.addHandler(caplog.handler)
    for log in (server.log, logging.getLogger("tornado")):
        log.setLevel(logging.DEBUG)
    async with client_of(server) as owner, stranger(server) as browser:
        given = await asked(owner, HEADERS, next="/lab/tree/a.ipynb?reset")
        assert given["path"].startswith("/user/ada/jmcp/enter?ticket=")
        for path in ("//evil.example", "/\\evil.example", "https://evil.example", "/../x"):
            query = {"ticket": given["ticket"], "next": path}
            problem(await browser.get("/jmcp/enter", params=query), 400)
        entered = await browser.get(given["url"])
        assert entered.status_code == 302, entered.text
        assert entered.headers["location"] == "/user/ada/lab/tree/a.ipynb?reset"
        assert entered.headers["referrer-policy"] == "no-referrer"
        cookies = entered.headers.get_list("set-cookie")
        assert len(cookies) == 2
        assert not [cookie for cookie in cookies if "Partitioned" in cookie]
        own = await browser.get("/api/me")  # of Jupyter itself
        assert own.status_code == 200
        assert f"frame-ancestors 'self' {PLATFORM}" in own.headers["content-security-policy"]
        # As after a reload: whoever is logged in needs no ticket.
        again = await browser.get(given["url"])
        assert (again.status_code, again.headers.get_list("set-cookie")) == (302, [])
        ours = {"X-XSRFToken": browser.cookies["_xsrf"]}
        assert "ticket" in await asked(browser, ours)
        assert problem(await browser.post(TICKETS), 403)
    async with stranger(server) as other:
        refused = await other.get(given["url"])
        assert problem(refused, 401)["code"] == "ticket_used"
        page = await other.get(given["url"], headers={"Accept": "text/html"})
        assert "was used already" in page.text
        assert page.headers["content-type"].startswith("text/html")
        assert "set-cookie" not in page.headers
    lines = [one.getMessage() for one in caplog.records if not one.name.startswith("http")]
    assert [line for line in lines if "/jmcp/enter?ticket=" in line]
    assert not [line for line in lines if given["ticket"] in line]


async def test_in_another_sites_frame_cookies_are_of_that_frame_alone(
    jupyter: StartJupyter,
) -> None:
    server = await jupyter(collaboration=False, extensions=["jmcp"])
    async with client_of(server) as owner, stranger(server) as browser:
        given = await asked(owner, HEADERS)
        entered = await browser.get(given["url"], headers=FRAMED)
        assert entered.status_code == 302
        cookies = entered.headers.get_list("set-cookie")
        assert len(cookies) == 2
        for cookie in cookies:
            assert cookie.endswith("; Partitioned")
            assert "SameSite=None" in cookie
            assert "Secure" in cookie


async def test_a_named_token_opens_the_workbench_and_no_jupyter(jupyter: StartJupyter) -> None:
    server = await jupyter(collaboration=False, extensions=["jmcp"])
    for scope in ("read", "admin"):
        headers = created(scope)
        async with stranger(server) as browser:
            given = await asked(browser, headers)
            enter = {"ticket": given["ticket"], "next": "/lab"}
            lab = await browser.post(TICKETS, json={"next": "/lab"}, headers=headers)
            assert problem(lab, 403)["code"] == "only_workbench"
            login = await browser.get("/jmcp/workbench")
            assert login.status_code == 302
            page = await browser.get(given["path"].partition("#")[0])
            assert page.status_code == 200
            assert (await browser.get("/jmcp/workbench/index.js")).status_code == 200
            redeemed = await browser.post(REDEMPTION, json={"ticket": given["ticket"]})
            assert redeemed.status_code == 201, redeemed.text
            own = bearer(redeemed.json()["token"])
            assert (await browser.get("/jmcp/v1/kernels", headers=own)).status_code == 200
            assert (await browser.get("/api/kernels", headers=own)).status_code == 403
            # Also where a ticket of it was put into the URL that logs in.
            enter["ticket"] = (await asked(browser, headers))["ticket"]
            refused = await browser.get("/jmcp/enter", params=enter)
            assert problem(refused, 403)["code"] == "only_workbench"
            assert "set-cookie" not in refused.headers


async def test_where_others_decide_who_comes_in_there_are_no_tickets(
    jupyter: StartJupyter,
) -> None:
    server = await jupyter(
        collaboration=False,
        extensions=["jmcp"],
        ServerApp={"identity_provider_class": HubLike},
    )
    async with stranger(server) as browser:
        browser.cookies.set("_xsrf", "5f" * 16, domain="127.0.0.1")
        hub = {"Authorization": "token from-the-hub", "X-XSRFToken": "5f" * 16}
        assert problem(await browser.post(TICKETS, headers=hub), 403)["code"] == "no_tickets"
        refused = await browser.get("/jmcp/enter", params={"ticket": "x"})
        assert problem(refused, 403)["code"] == "no_tickets"
        refused = await browser.post(REDEMPTION, json={"ticket": "x"})
        assert problem(refused, 403)["code"] == "no_tickets"
        assert (await browser.get("/jmcp/workbench?entry=ticket")).status_code != 200
        # Scripts are fetched in a way in which a Hub knows nobody.
        modules = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
        script = await browser.get("/jmcp/workbench/index.js", headers=modules)
        assert script.status_code == 200


@pytest.mark.parametrize(
    ("own", "served"),
    [
        ("default-src 'self'", f"default-src 'self'; frame-ancestors 'self' {PLATFORM}"),
        ("frame-ancestors 'none'", "frame-ancestors 'none'"),
    ],
)
async def test_a_policy_of_jupyters_configuration_stays(
    jupyter: StartJupyter,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    own: str,
    served: str,
) -> None:
    monkeypatch.setattr(logging.getLogger("jmcp"), "handlers", [caplog.handler])
    server = await jupyter(
        collaboration=False,
        extensions=["jmcp"],
        ServerApp={"tornado_settings": {"headers": {"Content-Security-Policy": own}}},
        JmcpExtension={"frame_ancestors": [PLATFORM]},
    )
    async with client_of(server) as client:
        await client.get("/mcp/healthz")  # once jmcp runs
        assert (await client.get("/login")).headers["content-security-policy"] == served
    told = "frame_ancestors reaches the workbench only" in caplog.text
    assert told == (own == served)
