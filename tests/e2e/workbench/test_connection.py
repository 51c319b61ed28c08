"""What the page shows while the server is away, silent, full, or no longer takes its token."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from playwright.async_api import Browser, expect

from jmcp.core.activity.activity import MOST_FOLLOWERS
from tests.e2e.workbench.site import OWNER, TOKEN, Site, serving, signed_in
from tests.thorough import thorough

ACTIVITY = "**/jmcp/v1/activity*"
SILENCE_MILLISECONDS = 40_000
"""More than the page waits for a sign of the server."""
AGENT = "token:agent"
NAMED = "jmcp_agent"


async def test_a_server_that_is_away_and_comes_back(chrome: Browser) -> None:
    async with serving() as served, signed_in(chrome, served) as workbench:
        page, log = workbench.page, await workbench.panel("Log")
        await served.call("list_kernels")
        rows = log.get_by_role("list", name="Calls", exact=True).get_by_role("listitem")
        await rows.nth(0).get_by_role("button").click()
        alert = page.get_by_role("alert")

        # It breaks off: what is shown stays, and the page says since when and tries again.
        await served.die()
        await expect(page.get_by_text("not connected")).to_be_visible()
        await expect(alert).to_contain_text("What is shown is as it was at")
        await expect(alert).to_contain_text("does not answer")
        await expect(rows.nth(0)).to_contain_text("list_kernels")

        # Another life of the server, where calls are numbered anew: none is taken for another.
        await served.start()
        await served.call("list_files")
        await alert.get_by_role("button", name="Try now").click()
        await expect(page.get_by_text("live", exact=True)).to_be_visible()
        await expect(alert).to_have_count(0)
        await expect(rows).to_have_count(3)
        await expect(rows.nth(0)).to_contain_text("list_files")
        await expect(rows.nth(1)).to_contain_text("The server was started again at")
        await expect(rows.nth(2)).to_contain_text("list_kernels")
        await expect(rows.nth(2).get_by_role("button").first).to_have_attribute(
            "aria-expanded", "true"
        )
        # What it missed it says so: contents are sent once.
        await rows.nth(0).get_by_role("button").click()
        await expect(rows.nth(0)).to_contain_text("they are sent once")

        # It ends as it should, and is back before anybody does anything.
        await served.stop()
        await expect(alert).to_contain_text("The server has ended.")
        await served.start()
        await expect(page.get_by_text("live", exact=True)).to_be_visible()
        await served.call("list_sessions")
        await expect(rows.nth(0)).to_contain_text("list_sessions")


async def test_a_token_that_was_removed_while_the_page_shows_something(chrome: Browser) -> None:
    async with (
        serving(named={NAMED: AGENT}) as served,
        signed_in(chrome, served, NAMED) as workbench,
    ):
        page, log = workbench.page, await workbench.panel("Log")
        rows = log.get_by_role("list", name="Calls", exact=True).get_by_role("listitem")
        await served.call("list_kernels", by=AGENT)
        await expect(rows).to_have_count(1)
        del served.named[NAMED]
        # With the next thing that happens, which is not told.
        await served.call("list_files", by=AGENT)
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("was removed, or has expired")
        await expect(page.get_by_text("signed out")).to_be_visible()
        await expect(rows).to_have_count(1)
        # A wrong token is refused with a sentence, the right one goes on where it was.
        await alert.get_by_label("token").fill("wrong")
        await alert.get_by_role("button", name="Sign in").click()
        await expect(alert).to_contain_text("was removed, or has expired")
        served.named["jmcp_another"] = AGENT
        await alert.get_by_label("token").fill("jmcp_another")
        await alert.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_text("live", exact=True)).to_be_visible()
        await expect(rows).to_have_count(2)
        await expect(rows.nth(0)).to_contain_text("list_files")


@thorough
async def test_a_stream_that_falls_silent_and_tabs_without_a_stream(chrome: Browser) -> None:
    async with serving(named={NAMED: AGENT}) as served:
        await silent(chrome, served)
        await too_many_streams(chrome, served)
        await too_many_tabs(chrome, served)


async def silent(chrome: Browser, served: Site) -> None:
    """The connection stays open, but nothing comes: a proxy, or a machine that sleeps."""
    async with signed_in(chrome, served, clock=True) as workbench:
        page = workbench.page
        held = asyncio.Event()

        async def hold(_: object) -> None:
            held.set()

        await page.route(ACTIVITY, hold)
        await page.clock.fast_forward(SILENCE_MILLISECONDS)
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("has not answered for a while")
        await page.unroute(ACTIVITY)
        await page.clock.fast_forward(SILENCE_MILLISECONDS)
        await page.clock.fast_forward(SILENCE_MILLISECONDS)
        await expect(page.get_by_text("live", exact=True)).to_be_visible()


async def too_many_streams(chrome: Browser, served: Site) -> None:
    """As many as one owner may have are open elsewhere."""
    agent = replace(OWNER, owner=AGENT)
    others = [served.jmcp.dispatcher.follow({}, agent) for _ in range(MOST_FOLLOWERS)]
    async with signed_in(chrome, served, NAMED, state="not connected") as workbench:
        alert = workbench.page.get_by_role("alert")
        await expect(alert).to_contain_text(f"with {MOST_FOLLOWERS} streams, which is the limit")
        others.pop().close()
        await alert.get_by_role("button", name="Try now").click()
        await expect(workbench.page.locator(".connection")).to_have_text("live")
    for other in others:
        other.close()


async def too_many_tabs(chrome: Browser, served: Site) -> None:
    """A browser has six connections to a server, and each tab that follows it needs one."""
    async with signed_in(chrome, served) as first:
        pages = [first.page]
        # A tab that has no place does not get so far as to ask for a token.
        await first.page.context.add_init_script(f"sessionStorage['jmcp.token'] = '{TOKEN}'")
        for state in ("live", "live", "live", "paused"):
            pages.append(await first.page.context.new_page())
            await pages[-1].goto(f"{served.url}jmcp/workbench")
            await expect(pages[-1].locator(".connection")).to_have_text(state)
        last = pages[-1]
        await expect(last.get_by_role("alert")).to_contain_text("Four other tabs")
        await last.get_by_role("button", name="Follow it here instead").click()
        states = [page.locator(".connection") for page in pages]
        await expect(states[-1]).to_have_text("live")
        paused = await asyncio.gather(*(state.inner_text() for state in states))
        assert sorted(paused) == ["live", "live", "live", "live", "paused"]
