"""A person logs in at the Hub and allows a program, in a real browser."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.async_api import expect

from tests.e2e.lab import browser
from tests.hub.running_hub import RunningHub, running_hub
from tests.node_tools import NodeTools
from tests.thorough import thorough

pytestmark = pytest.mark.asyncio(loop_scope="session")

VERIFIER = "a-verifier-that-is-long-enough-for-what-it-is-good-for"
SECONDS = 60


async def test_a_person_allows_a_program(hub: RunningHub, node_tools: NodeTools) -> None:
    await a_person_allows_a_program(hub, node_tools)


@thorough
async def test_with_a_host_for_each_part_of_the_hub(tmp_path: Path, node_tools: NodeTools) -> None:
    async with running_hub(tmp_path / "hub", node_tools, subdomains=True) as hub:
        await a_person_allows_a_program(hub, node_tools)


async def a_person_allows_a_program(hub: RunningHub, node_tools: NodeTools) -> None:
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The program: it leads the browser on to a page of another origin, as many do."""
        target = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        if target.startswith("/callback"):
            told.set_result(target)
            lead = f"HTTP/1.1 302 Found\r\nLocation: http://localhost:{port}/done\r\n"
            writer.write(f"{lead}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(answered, "127.0.0.1", 0) as program:
        port = program.sockets[0].getsockname()[1]
        redirect = f"http://127.0.0.1:{port}/callback"
        body = {
            "client_name": "A <b>program</b>",
            "redirect_uris": ["http://127.0.0.1/callback"],
            "token_endpoint_auth_method": "none",
        }
        client = (await hub.http.post(f"{hub.gateway}/register", json=body)).json()["client_id"]
        hashed = hashlib.sha256(VERIFIER.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": redirect,
            "code_challenge": base64.urlsafe_b64encode(hashed).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "resource": f"{hub.gateway}/mcp",
        }
        async with browser() as chromium:
            page = await chromium.new_page(
                color_scheme="dark", viewport={"width": 360, "height": 640}
            )
            await page.goto(f"{hub.gateway}/authorize?{urlencode(query)}")
            await page.get_by_label("Username").fill("mona")
            await page.get_by_label("Password").fill("demo")
            await page.get_by_role("button", name="Sign in").click()
            heading = page.get_by_role(
                "heading", name="Let A <b>program</b> use your Jupyter server?"
            )
            await expect(heading).to_be_visible()
            await expect(page.get_by_text("mona", exact=True)).to_be_visible()
            await expect(page.get_by_text(f"127.0.0.1:{port}")).to_be_visible()
            # Not as an element of the page, whose policy lets no script run.
            await page.evaluate((node_tools.modules / "axe-core" / "axe.min.js").read_text())
            assert (await page.evaluate("axe.run()"))["violations"] == []
            # As long as the Hub's token, which `configure` lets live for thirty days.
            until = str(await page.locator("dt:text-is('Until') + dd").text_content())
            end = datetime.strptime(until, "%d %B %Y %H:%M UTC").replace(tzinfo=UTC)
            assert timedelta(days=29) < end - datetime.now(UTC) <= timedelta(days=30)
            await page.get_by_role("button", name="Allow").click()
            await page.wait_for_url("**/done")
        async with asyncio.timeout(SECONDS):
            code = parse_qs(urlsplit(await told).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "client_id": client,
        "code": code,
        "code_verifier": VERIFIER,
    }
    answer = await hub.http.post(f"{hub.gateway}/token", data=form)
    assert answer.status_code == 200, answer.text
