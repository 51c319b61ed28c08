"""One cell that a person in JupyterLab and an agent run at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent, connected_agent, eventually, texts, write
from tests.e2e.lab import Lab, chromium
from tests.served import Served
from tests.thorough import thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

PYTHON: dict[str, Any] = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
}
COUNTING = """\
import pathlib, time
run = globals().get('run', 0) + 1
n = 0
while n < 3 or not pathlib.Path(f'go{run}').exists():
    print(f'run {run}, line {n}', flush=True)
    n += 1
    time.sleep(.02)
print(f'run {run} ended')
"""


@pytest.fixture
async def agent(lab_server: Served) -> AsyncIterator[Agent]:
    async with connected_agent(lab_server) as agent:
        yield agent


def text_of(result: dict[str, Any]) -> str:
    return "".join(text or "" for text in texts(result))


async def shown(agent: Agent) -> str:
    return text_of(await agent.call("read_cell", cell_index=0))


async def until_shown(agent: Agent, text: str) -> None:
    async def there() -> bool:
        return text in await shown(agent)

    await eventually(there, f"the cell shows {text!r}")


def is_of_one_run(text: str, run: int) -> bool:
    """Whether that is all that the run printed, and nothing else."""
    *lines, end = text.splitlines()
    whole = [f"run {run}, line {number}" for number in range(len(lines))]
    return lines == whole and len(lines) > 0 and end == f"run {run} ended"


async def test_a_person_runs_the_cell_that_an_agent_runs(
    lab_server: Served, agent: Agent, chrome: Browser
) -> None:
    for file in ("go1", "go2"):
        (lab_server.root / file).unlink(missing_ok=True)
    write(lab_server, "agent first.ipynb", COUNTING, **PYTHON)
    lab = await Lab.open(chrome, lab_server, "agent first.ipynb")
    await agent.open("agent first.ipynb")
    running = asyncio.create_task(agent.call("execute_cell", cell_index=0))
    await until_shown(agent, "run 1, line 3")
    await lab.cell(0).locator(".cm-content").click()
    await lab.page.keyboard.press("Control+Enter")

    async def cleared() -> bool:
        return await shown(agent) == ""

    await eventually(cleared, "the person's run has the cell")
    (lab_server.root / "go1").touch()
    result = await running
    assert is_of_one_run(text_of(result), 1)
    assert [notice["code"] for notice in result["notices"]][-1] == "run_cell_taken"
    (lab_server.root / "go2").touch()
    await until_shown(agent, "run 2 ended")
    assert is_of_one_run(await shown(agent), 2)
    await expect(lab.cell(0)).to_contain_text("[2]:")
    await lab.close()


@thorough
async def test_an_agent_runs_the_cell_that_a_person_runs(
    lab_server: Served, agent: Agent, chrome: Browser
) -> None:
    for file in ("go1", "go2"):
        (lab_server.root / file).unlink(missing_ok=True)
    write(lab_server, "person first.ipynb", COUNTING, **PYTHON)
    lab = await Lab.open(chrome, lab_server, "person first.ipynb")
    await agent.open("person first.ipynb")
    await lab.run_cell(0)
    await until_shown(agent, "run 1, line 3")
    running = asyncio.create_task(agent.call("execute_cell", cell_index=0))

    async def submitted() -> bool:
        return bool((await agent.call("list_executions"))["total"])

    await eventually(submitted, "the agent's run waits for the person's")
    (lab_server.root / "go1").touch()
    (lab_server.root / "go2").touch()
    result = await running
    assert is_of_one_run(text_of(result), 2)

    async def settled() -> bool:
        cell = await agent.call("read_cell", cell_index=0)
        return is_of_one_run(text_of(cell), 2) and cell["execution_count"] == 2

    await eventually(settled, "the cell shows the agent's run alone")
    await expect(lab.cell(0)).to_contain_text("[2]:")
    assert await settled(), await shown(agent)
    await lab.close()
