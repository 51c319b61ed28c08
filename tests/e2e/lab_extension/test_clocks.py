"""Clocks of a browser and of files that differ by an hour: nothing depends on which time it is."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent, saved, write
from tests.e2e.lab import chromium
from tests.e2e.lab_extension.tab import DIALOGS, PYTHON, Tab
from tests.e2e.lab_extension.test_saving import has
from tests.served import Served
from tests.thorough import thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

HOUR_SECONDS = 3600
CLOCK = """
const Real = Date;
const now = () => Real.now() + {milliseconds};
Date = class extends Real {{
  constructor(...given) {{ super(...(given.length ? given : [now()])); }}
  static now() {{ return now(); }}
}};
"""


def set_time(file: Path, seconds: float) -> None:
    """Have a file say that it was written so many seconds after now."""
    moment = time.time() + seconds
    os.utime(file, (moment, moment))


@thorough
@pytest.mark.parametrize("hours", [1, -1])
async def test_a_page_and_files_in_another_hour_are_saved_and_merged(
    plain_lab: Served, plain_agent: Agent, chrome: Browser, hours: int
) -> None:
    path = f"hours{hours}.ipynb"
    file = plain_lab.root / path
    write(plain_lab, path, "person = 1", "agent = 1", "program = 1", **PYTHON)
    set_time(file, hours * HOUR_SECONDS)
    page = await chrome.new_page()
    await page.add_init_script(CLOCK.format(milliseconds=-hours * HOUR_SECONDS * 1000))
    await page.add_init_script(DIALOGS)
    tab = Tab(page, plain_lab, path)
    await tab.load()
    assert abs(await page.evaluate("Date.now()") / 1000 - time.time()) > HOUR_SECONDS / 2
    await plain_agent.open(path)

    await tab.type_into(0, " + 2")
    await plain_agent.call("overwrite_cell_source", cell_index=1, cell_source="agent = 2")
    await page.keyboard.press("Control+s")
    expected = ["person = 1 + 2", "agent = 2", "program = 1"]
    found = await saved(plain_lab, path, has(*expected), "what both wrote")
    await tab.clean()

    found.cells[2].source = "program = 2"
    written = file.with_suffix(".new")
    written.write_text(json.dumps(found))
    set_time(written, 2 * hours * HOUR_SECONDS)
    await tab.type_into(0, " + 3")
    os.replace(written, file)
    await expect(tab.cell(2).locator(".cm-content")).to_have_text("program = 2")
    await plain_agent.call("edit_cell_source", cell_index=1, old_string="2", new_string="3")
    await page.keyboard.press("Control+s")
    expected = ["person = 1 + 2 + 3", "agent = 3", "program = 2"]
    await saved(plain_lab, path, has(*expected), "what all three wrote")
    await tab.clean()
    assert await tab.dialogs() == []
    await tab.close()
