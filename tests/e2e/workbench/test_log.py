"""The log shows calls as they happen, with what they carried, and can be searched and held still."""

from __future__ import annotations

import asyncio
import json

from playwright.async_api import Browser, expect

from jmcp.core.activity.calls import CONTENT_CHARACTERS, READER_CALLS
from jmcp.core.observe.events import CallEvent
from jmcp.transport.middleware.principal import HOLDER
from tests.e2e.workbench.page import no_sideways_scrolling
from tests.e2e.workbench.site import OWNER, TOKEN, serving, signed_in
from tests.thorough import amount

MARKUP = "<img src=x onerror=alert(1)><b>bold"
CALLS = amount(fast=150, all=1_100)
ROWS = 50
"""As many are in the page at first."""
SHELL_SECONDS = 30
TO_THE_END = """async (scroller) => {
    for (let frames = 0; scroller.querySelector(".log-more"); frames += 1) {
        if (frames > 2000) throw new Error("there are always more");
        // A person at the end scrolls up and down again.
        scroller.scrollTo(0, frames % 2 ? scroller.scrollHeight : scroller.scrollTop - 50);
        await new Promise(requestAnimationFrame);
    }
}"""


async def run_in_shell(command: str, name: str, session: str) -> list[str]:
    """The words that a shell makes of a copied command of that name."""
    script = f"{name}() {{ printf '%s\\0' \"$@\"; }}\n{command}"
    shell = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        script,
        env={"JMCP_TOKEN": "secret", "SESSION_ID": session, "HOME": "/nowhere"},
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(SHELL_SECONDS):
        words, _ = await shell.communicate()
    return words.decode().split("\0")[:-1]


async def test_calls_are_shown_with_what_they_carried(chrome: Browser) -> None:
    async with serving() as served, signed_in(chrome, served) as workbench:
        served.jmcp.documents.write(f"{MARKUP}.ipynb", "x = 1")
        page, log = workbench.page, await workbench.panel("Log")
        rows = log.get_by_role("list", name="Calls", exact=True).get_by_role("listitem")
        await expect(log).to_contain_text("No call yet.")

        session = await served.jmcp.open(f"{MARKUP}.ipynb", OWNER)
        await served.call("read_cell", session_id=session, cell_index=9)
        await expect(rows).to_have_count(2)
        await expect(rows.nth(1)).to_contain_text(MARKUP)
        assert await log.locator("img, b").count() == 0
        await expect(rows.nth(0)).to_contain_text("cell_not_found")
        await expect(rows.nth(0)).to_contain_text("but the notebook has 1 cell")
        await expect(rows.nth(0)).to_contain_text(f"agent {session[:2]}***")

        # What is long is cut, and the page says so.
        cell = {"cell_type": "code", "cell_source": "y" * CONTENT_CHARACTERS}
        await served.call("insert_cell", session_id=session, cell_index=-1, **cell)
        await expect(rows).to_have_count(3)
        await rows.nth(0).get_by_role("button").click()
        await expect(rows.nth(0)).to_contain_text("The first 20,000 of")
        await expect(rows.nth(0).get_by_role("button", name="Copy as curl")).to_be_disabled()
        await rows.nth(0).get_by_role("button", name="insert_cell").click()

        source = "@it's\n$HOME `id`"
        cell["cell_source"] = source
        await served.call("insert_cell", session_id=session, cell_index=-1, **cell)
        await expect(rows).to_have_count(4)
        await rows.nth(0).get_by_role("button").press("Enter")
        await expect(rows.nth(0)).to_contain_text(source)
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        copied = {}
        for form in ("JSON", "curl", "jmcp call"):
            await rows.nth(0).get_by_role("button", name=f"Copy as {form}").click()
            await expect(rows.nth(0).get_by_role("status")).to_have_text(f"Copied as {form}.")
            copied[form] = await page.evaluate("navigator.clipboard.readText()")
        assert json.loads(copied["JSON"])["arguments"]["cell_source"] == source
        assert session not in "".join(copied.values())
        assert TOKEN not in "".join(copied.values())
        assert await run_in_shell(copied["curl"], "curl", session) == [
            f"{served.url}mcp/tools/call",
            "-H",
            "Authorization: Bearer secret",
            "-H",
            "Content-Type: application/json",
            "-d",
            json.dumps(
                {
                    "tool_name": "insert_cell",
                    "arguments": {
                        "session_id": session,
                        "cell_index": -1,
                        "cell_type": "code",
                        "cell_source": source,
                    },
                },
                separators=(",", ":"),
            ),
        ]
        assert await run_in_shell(copied["jmcp call"], "jmcp", session) == [
            "call",
            "insert_cell",
            "--cell_index=-1",
            "--cell_type=code",
            f"--cell_source=@{source}",
        ]

        # A call that goes on is above those that are over.
        code = {"code": "import time; time.sleep(60)", "session_id": session}
        running = asyncio.create_task(served.call("execute_code", **code))
        under_way = log.get_by_role("list", name="Calls under way").get_by_role("listitem")
        await expect(under_way).to_contain_text("execute_code")
        await expect(under_way).to_contain_text("1 s")
        running.cancel()
        await expect(rows.nth(0)).to_contain_text("cancelled")
        await expect(under_way).to_have_count(0)

        await page.set_viewport_size({"width": 390, "height": 844})
        await no_sideways_scrolling(page)
        assert workbench.complaints == []


async def test_many_calls_are_searched_and_held_still(chrome: Browser) -> None:
    async with serving() as served, signed_in(chrome, served) as workbench:
        log = await workbench.panel("Log")
        rows = log.get_by_role("list", name="Calls", exact=True).get_by_role("listitem")
        served.jmcp.documents.write("a.ipynb", "x = 1")
        session = await served.jmcp.open("a.ipynb", OWNER)
        for number in range(CALLS):
            await served.call("read_cell", session_id=session, cell_index=0, limit=number + 1)
        # As many rows as there is a use for; all of them can be found.
        await expect(log.get_by_role("button", name="Show older calls")).to_be_attached()
        find = log.get_by_role("searchbox", name="Find calls")
        await find.fill(f'"limit":{CALLS}}}')
        await expect(rows).to_have_count(1)
        await find.fill("nothing like that")
        await expect(log).to_contain_text("No call is like that.")
        await find.fill("")
        await log.get_by_role("button", name="Filter").click()
        await served.call("read_cell", session_id=session, cell_index=9)
        for label, value, count in (
            ("Tool", "read_cell", ROWS),
            ("Outcome", "failed", 1),
            ("Session", session, 1),
        ):
            await log.get_by_label(label).select_option(value)
            await expect(rows).to_have_count(count)
        await log.get_by_role("button", name="Show all").click()
        await expect(rows).to_have_count(ROWS)

        # Held still by the button: what is new is counted.
        pause = log.get_by_role("button", name="Pause")
        await pause.click()
        first = await rows.nth(0).inner_text()
        await served.call("list_kernels")
        new = log.get_by_role("button", name="new call")
        await expect(new).to_have_text("1 new call")
        assert await rows.nth(0).inner_text() == first
        await new.click()
        await expect(rows.nth(0)).to_contain_text("list_kernels")
        await expect(pause).to_have_attribute("aria-pressed", "false")

        # And by whoever scrolls down, until they are at the top again.
        await rows.nth(ROWS - 10).scroll_into_view_if_needed()
        await served.call("list_files")
        await expect(new).to_have_text("1 new call")
        await log.locator(".log-scroller").evaluate("it => it.scrollTo(0, 0)")
        await expect(rows.nth(0)).to_contain_text("list_files")

        # More at once than the server keeps for a page.
        feed = served.jmcp.dispatcher.activity.calls
        for _ in range(READER_CALLS + 7):
            event = CallEvent(tool="burst", owner=HOLDER, request_id="", arguments={}, outcome="ok")
            feed.on_call_began(event)
            feed.on_call(event)
        await expect(rows.nth(0)).to_contain_text("burst")

        # To the oldest, by scrolling alone.
        kept = min(CALLS + 4 + READER_CALLS + 1, 1_000)
        await log.locator(".log-scroller").evaluate(TO_THE_END)
        await expect(rows).to_have_count(kept)
        await expect(rows.nth(READER_CALLS)).to_contain_text("7 calls are not listed here")
        assert workbench.complaints == []
