"""The platform page on a real Hub: each person has what is theirs, and administrators all servers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import Browser as Chrome
from playwright.async_api import Locator, Page, ViewportSize, expect
from starlette.routing import Route

from jmcp.hub.gateway.app import Gateway
from jmcp.hub.gateway.settings import GatewaySettings
from jmcp.hub.oauth.server import open_oauth_server
from jmcp.hub.oauth.settings import oauth_settings
from jmcp.hub.platform.platform import platform_routes
from tests.e2e.lab import browser
from tests.e2e.workbench.axe import Axe
from tests.hub.browser import Browser
from tests.hub.hub_user import hub_user
from tests.hub.running_hub import RunningHub
from tests.notebooks import write_notebook

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = "<b onclick=alert(1)>'\"&\u202enoob.ipynb"
PREFIX = "/services/jmcp"
API = f"{PREFIX}/api"
SLOW = "import time; time.sleep(120)"
WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}
OWN = {
    ("GET", "/me"): 200,
    ("GET", "/server"): 200,
    ("GET", "/notebooks"): 409,
    ("GET", "/sessions"): 409,
    ("GET", "/memory"): 409,
    ("GET", "/grants"): 200,
    ("DELETE", "/grants"): 200,
    ("DELETE", "/grants/{grant}"): 404,
    ("POST", "/tokens"): 201,
    ("POST", "/server/stop"): 202,
    ("POST", "/server/start"): 200,
    ("GET", "/admin"): 403,
    ("POST", "/admin/servers/{user}/stop"): 403,
}
"""All endpoints, and what they answer a person whose server does not run, about things of others."""


def declared(folder: Path) -> set[tuple[str, str]]:
    """Method and path of each endpoint below /api that a gateway has."""
    settings = GatewaySettings(
        host="127.0.0.1",
        port=0,
        prefix=PREFIX,
        service="jmcp",
        api_url="http://127.0.0.1:1/hub/api",
        base_path="/",
        proxy_url="http://127.0.0.1:1",
        public_url="http://127.0.0.1:1",
        client_id="service-jmcp",
        api_token="secret",
        state_folder=folder,
    )
    oauth = open_oauth_server(
        oauth_settings(
            public_url=settings.public_url,
            prefix=PREFIX,
            api_url=settings.api_url,
            base_path="/",
            client_id=settings.client_id,
            api_token=settings.api_token,
            state_folder=folder,
            environment={},
        )
    )
    routes = [one for one in platform_routes(Gateway(settings), oauth) if isinstance(one, Route)]
    return {
        (method, one.path.removeprefix(API))
        for one in routes
        if one.path.startswith(API)
        for method in one.methods or ()
        if method != "HEAD"
    }


@dataclass(kw_only=True)
class Person:
    """Somebody who has logged in with a browser without a screen."""

    hub: RunningHub
    browser: Browser
    csrf: dict[str, str]

    async def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx2.Response:
        headers = self.csrf if headers is None else headers
        if path == "/tokens":
            more = {"json": {"name": "a script", "days": 1}}
        url = f"{self.hub.gateway}/api{path}"
        return await self.browser.http.request(method, url, headers=headers, **more)


@asynccontextmanager
async def logged_in(hub: RunningHub, name: str) -> AsyncIterator[Person]:
    visitor = Browser(name=name)
    try:
        page = await visitor.log_in(f"{hub.gateway}/")
        assert isinstance(page, httpx2.Response), page
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        me = (await visitor.http.get(f"{hub.gateway}/api/me")).json()
        assert me["name"] == name
        yield Person(hub=hub, browser=visitor, csrf={me["csrf_header"]: me["csrf"]})
    finally:
        await visitor.close()


async def test_each_endpoint_is_for_its_person_alone(hub: RunningHub, tmp_path: Path) -> None:
    assert set(OWN) == declared(tmp_path), "an endpoint is not tested, or not there"
    async with logged_in(hub, "paul") as paul, logged_in(hub, "olga") as olga:
        grant = (await paul.ask("POST", "/tokens")).json()["grant"]["id"]
        for (method, path), status in OWN.items():
            place = path.format(grant=grant, user="paul")
            url = f"{hub.gateway}/api{place}"
            unknown = await hub.http.request(method, url)
            assert (unknown.status_code, unknown.json()["code"]) == (401, "not_logged_in"), path
            token = {"Authorization": f"Bearer {await hub.user('olga')}"} if path == "/me" else {}
            assert (await hub.http.request(method, url, headers=token)).status_code == 401, path
            if method != "GET":
                for headers in ({}, paul.csrf, olga.csrf | {"Origin": "http://evil.example"}):
                    foreign = await olga.ask(method, place, headers)
                    assert (foreign.status_code, foreign.json()["code"]) == (403, "csrf_refused")
            if path == "/server/start":
                continue  # What it does for its person the walk shows.
            answer = await olga.ask(method, place)
            assert answer.status_code == status, (path, answer.text)
        # Nothing of it reached paul, and olga's own are gone.
        assert [one["id"] for one in (await paul.ask("GET", "/grants")).json()["grants"]] == [grant]
        assert (await hub.model("paul"))["servers"] == {}
        assert "jmcp_pt_" not in hub.log.read_text()
        refused = await olga.browser.open(f"{hub.gateway}/admin/login")
        assert isinstance(refused, httpx2.Response)
        assert refused.status_code == 403
        outside = await hub.http.get(f"{hub.gateway}/")
        assert outside.headers["location"].endswith("/services/jmcp/login")


async def administrates(hub: RunningHub, name: str, *, is_so: bool) -> None:
    """What only administrators may do for others: make them such, and take it back."""
    token = await hub.user("admin", ("admin:users",))
    url = f"{hub.url}/hub/api/users/{name}"
    headers = {"Authorization": f"Bearer {token}"}
    made = await hub.http.patch(url, headers=headers, json={"admin": is_so})
    assert made.status_code == 200, made.text


async def test_who_is_an_administrator_says_the_hub_each_time(hub: RunningHub) -> None:
    async with logged_in(hub, "rita") as rita:
        await administrates(hub, "rita", is_so=True)
        # The login that reaches the own server has no rights over others.
        assert (await rita.ask("GET", "/admin")).json()["code"] == "administrators_login_needed"
        page = await rita.browser.open(f"{hub.gateway}/admin/login")
        assert isinstance(page, httpx2.Response)
        assert page.status_code == 200, page.text
        found = await rita.ask("GET", "/admin")
        assert found.status_code == 200, found.text
        assert found.json()["capacity"]["memory_total"] > 0
        assert found.json()["failed_since_hub_began"] is not None
        unconfirmed = await rita.ask("POST", "/admin/servers/nobody/stop")
        assert unconfirmed.json()["code"] == "not_confirmed"
        stop = await rita.ask("POST", "/admin/servers/nobody/stop", json={"confirm": True})
        assert (stop.status_code, stop.json()["code"]) == (404, "hub_refused")
        await administrates(hub, "rita", is_so=False)
        for method, path in (("GET", "/admin"), ("POST", "/admin/servers/paul/stop")):
            refused = await rita.ask(method, path)
            assert (refused.status_code, refused.json()["code"]) == (403, "no_administrator"), path


@asynccontextmanager
async def page_of(chrome: Chrome, hub: RunningHub, name: str) -> AsyncIterator[Page]:
    """The page of somebody who logs in by the Hub's form. No script of it may be refused, or fail."""
    context = await chrome.new_context(viewport=WIDE)
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda message: wrong.append(message.text) if "Content Security" in message.text else None,
    )

    async def late(route: Any) -> None:
        # So that what is clicked at once does not need it; without it no change is taken.
        await asyncio.sleep(0.3)
        await route.continue_()

    await page.route("**/api/me", late)
    try:
        await page.goto(f"{hub.gateway}/")
        await page.get_by_label("Username").fill(name)
        await page.get_by_label("Password").fill("demo")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="My Jupyter server")).to_be_visible()
        yield page
        assert wrong == []
    finally:
        await context.close()


def card(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title)


async def looks_right(page: Page) -> None:
    """Light and wide, dark and narrow: axe finds nothing grave, and nothing is wider than the window."""
    axe = Axe(page)
    for scheme, size in (("light", WIDE), ("dark", NARROW)):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # its own literals
        await page.set_viewport_size(size)
        assert await axe.grave() == [], scheme
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, scheme
    await page.set_viewport_size(WIDE)


async def test_a_person_and_an_administrator_walk_through_the_page(hub: RunningHub) -> None:
    write_notebook(hub.folder("pia") / HOSTILE, "1")
    async with browser() as chrome, page_of(chrome, hub, "pia") as page:
        await the_server_starts(page)
        await notebooks_and_sessions_are_listed(hub, page)
        await a_token_is_made_and_revoked(hub, page)
        await a_run_is_asked_about(hub, page)
        await the_workbench_opens(page)
        async with page_of(chrome, hub, "admin") as admin:
            await an_administrator_stops_it(admin)
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(card(page, "My server")).to_contain_text("Stopped")


async def the_server_starts(page: Page) -> None:
    server = card(page, "My server")
    await expect(server).to_contain_text("Stopped")
    await server.get_by_role("button", name="Start").press("Enter")
    await expect(server.get_by_role("progressbar")).to_be_visible()
    await expect(server).to_contain_text("Running")
    await expect(server).to_contain_text("started")


async def notebooks_and_sessions_are_listed(hub: RunningHub, page: Page) -> None:
    link = card(page, "My notebooks").get_by_role("link")
    await expect(link).to_have_text(HOSTILE)
    assert "/user/pia/lab/tree/%3Cb" in str(await link.get_attribute("href"))
    pia = await hub_user(hub, "pia")
    await pia.session("agent.ipynb")
    await page.get_by_role("button", name="Refresh sessions").click()
    await expect(card(page, "My agents' sessions")).to_contain_text("agent.ipynb")


async def a_token_is_made_and_revoked(hub: RunningHub, page: Page) -> None:
    access = card(page, "Connected clients and tokens")
    await access.get_by_label("New personal token for").fill(HOSTILE)
    await access.get_by_label("New personal token for").press("Enter")
    # The mark that turns the direction of text is no name of anything.
    await expect(access.get_by_role("alert")).to_contain_text("printable")
    name = HOSTILE.replace("\u202e", "")
    await access.get_by_label("New personal token for").fill(name)
    await access.get_by_role("button", name="Make a token").click()
    token = await access.get_by_label("New token", exact=True).inner_text()
    await expect(access.get_by_role("listitem")).to_contain_text(name)
    await looks_right(page)

    async def status() -> int:
        answer = await hub.http.get(
            f"{hub.gateway}/jmcp/v1/files", headers={"Authorization": f"Bearer {token}"}
        )
        return answer.status_code

    assert token.startswith("jmcp_pt_")
    assert token not in page.url
    assert await status() == 200
    await access.get_by_role("button", name=f"Revoke {name}").click()
    await access.get_by_role("button", name="Yes, revoke").click()
    await expect(access).to_contain_text("No client has access")
    assert await status() == 401


async def a_run_is_asked_about(hub: RunningHub, page: Page) -> None:
    pia = await hub_user(hub, "pia")
    session = await pia.session("slow.ipynb", SLOW)
    running = asyncio.create_task(pia.call("execute_cell", session_id=session, cell_index=0))
    await expect(card(page, "My agents' sessions")).to_be_visible()
    sessions = card(page, "My agents' sessions")
    for _ in range(300):  # a kernel may take half a minute to start on a busy machine
        await page.get_by_role("button", name="Refresh sessions").click()
        if await sessions.get_by_text("1 run goes on.").count():
            break
        await asyncio.sleep(0.1)
    server = card(page, "My server")
    await server.get_by_role("button", name="Stop").click()
    question = server.get_by_role("alertdialog")
    await expect(question).to_contain_text("1 run goes on in your server")
    await expect(question.get_by_role("button", name="No")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(question).to_have_count(0)
    await expect(server).to_contain_text("Running")
    running.cancel()
    await asyncio.wait([running])


async def the_workbench_opens(page: Page) -> None:
    """In a tab of its own, as all servers share the Hub's host: by the Hub's cookies, without a token."""
    await page.get_by_role("link", name="Workbench", exact=True).click()
    async with page.context.expect_page() as opening:
        await page.get_by_role("link", name="Open the workbench").click()
    workbench = await opening.value
    await expect(workbench.locator(".connection")).to_have_text("live")
    assert workbench.url.endswith("/user/pia/jmcp/workbench")
    await workbench.close()
    await page.go_back()
    # Asked for again when the tab comes back to the front, which it has been by now.
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    measured = re.compile(r"Memory: \d+ MiB of .+iB")
    await expect(card(page, "My server")).to_contain_text(measured)


async def an_administrator_stops_it(admin: Page) -> None:
    await admin.get_by_role("link", name="Administration").click()
    servers = card(admin, "Servers")
    row = servers.get_by_role("listitem").filter(has_text="pia")
    await expect(row).to_contain_text("running")
    await expect(row).to_contain_text(re.compile(r"\d MiB of .+iB"))
    await expect(card(admin, "Capacity")).to_contain_text("free")
    await looks_right(admin)
    await row.get_by_role("button", name="Stop the server of pia").click()
    await row.get_by_role("button", name="Yes, stop").click()
    await expect(row).to_have_count(0)
