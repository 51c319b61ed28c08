"""One kernel for a person and an agent: either restarts it, and the other one knows."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent, eventually, notices, saved, texts, write
from tests.e2e.lab import chromium
from tests.e2e.lab_extension.tab import PYTHON, Tab
from tests.served import Served
from tests.thorough import thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

KERNEL = "window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel"
SOURCES = ("one = 1\none", "two = one + 1\ntwo")


async def choose(tab: Tab, *menu: str) -> None:
    await tab.menu("Kernel", *menu)
    dialog = tab.page.locator(".jp-Dialog")
    await dialog.locator(".jp-mod-accept").click()
    await expect(dialog).to_have_count(0)


async def ran(agent: Agent, code: str) -> tuple[dict[str, Any], list[str]]:
    run = await agent.run(code)
    return run, notices(run)


async def test_an_agent_is_told_of_a_persons_restart_and_reads_what_run_all_gave(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "restarts.ipynb", *SOURCES, **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "restarts.ipynb")
    await plain_agent.open("restarts.ipynb")
    await plain_agent.call("execute_cell", cell_index=0)
    await expect(tab.outputs(0)).to_have_text("1")

    await choose(tab, "Restart Kernel and Run All Cells…")
    await expect(tab.outputs(1)).to_have_text("2")

    async def read() -> bool:
        return texts(await plain_agent.call("read_cell", cell_index=1)) == ["2"]

    await eventually(read, "the agent reads what run-all gave")
    run, told = await ran(plain_agent, "two + 40")
    assert (texts(run), told) == (["42"], ["kernel_restarted"])
    await expect(tab.outputs(2)).to_have_text("42")
    run, told = await ran(plain_agent, "two + 41")
    assert (texts(run), told) == (["43"], [])
    await tab.close()


@thorough
async def test_an_agent_goes_on_in_the_kernel_that_a_person_changed_to(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    spec = plain_lab.root.parent / "home/.local/share/jupyter/kernels/second/kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    names = {"display_name": "Second", "language": "python"}
    spec.write_text(json.dumps({"argv": argv, **names}))
    write(plain_lab, "changes.ipynb", *SOURCES, **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "changes.ipynb")
    await plain_agent.open("changes.ipynb")
    await plain_agent.call("execute_cell", cell_index=0)

    await tab.menu("Kernel", "Change Kernel…")
    dialog = tab.page.locator(".jp-Dialog")
    await dialog.locator("select").select_option(label="Second")
    await dialog.locator(".jp-mod-accept").click()
    await saved(
        plain_lab,
        "changes.ipynb",
        lambda found: found.metadata.kernelspec.name == "second",
        "the person's choice",
    )
    run, told = await ran(plain_agent, "'one' in globals()")
    assert (texts(run), told) == (["False"], ["kernel_restarted"])
    listed = await plain_agent.call("list_kernels")
    kernels = [one["kernel_name"] for one in listed["kernels"] if one["notebook_path"]]
    assert kernels == ["second"]
    await expect(tab.outputs(2)).to_have_text("False")
    await tab.close()


@thorough
async def test_a_tab_goes_on_after_an_agents_restart(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "restarted.ipynb", *SOURCES, **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "restarted.ipynb")
    await plain_agent.open("restarted.ipynb")
    await tab.run_cell(0)
    await expect(tab.outputs(0)).to_have_text("1")
    await plain_agent.call("execute_code", code="one")
    await tab.page.evaluate(
        "window.states = [];"
        f"{KERNEL}.statusChanged.connect((_, state) => window.states.push(state))"
    )
    restarted = await plain_agent.call("restart_notebook")
    assert restarted["action"] == "restarted"
    await tab.page.wait_for_function("window.states.includes('starting')")
    await tab.run_cell(1)
    await expect(tab.cell(1)).to_contain_text("NameError")
    await expect(tab.cell(1)).to_contain_text("[1]:")
    run, told = await ran(plain_agent, "40 + 2")
    assert (texts(run), told) == (["42"], [])
    assert await tab.dialogs() == []
    await tab.close()
