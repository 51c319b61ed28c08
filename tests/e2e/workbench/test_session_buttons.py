"""A person ends what an agent does, and the agent is told."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser, Locator, expect

from tests.e2e.agent import Agent, eventually
from tests.e2e.workbench.page import opened
from tests.e2e.workbench.test_frame import Frame, write
from tests.served import Served
from tests.thorough import thorough

NAME = "buttons.ipynb"


async def confirmed(card: Locator, label: str) -> None:
    await card.get_by_role("button", name=label).first.click()
    await card.get_by_role("button", name=f"Yes, {label.lower()}").click()


@thorough
async def test_a_kernel_is_interrupted_and_restarted_and_a_session_closed(
    chrome: Browser, served: Served, agent: Agent
) -> None:
    write(served, NAME, "kept = 1", "import time\nprint('it runs')\ntime.sleep(300)", "kept")
    await agent.open(NAME)
    await agent.call("execute_cell", cell_index=0)
    async with opened(chrome, served) as workbench:
        card = Frame(workbench).session(NAME)
        running = asyncio.create_task(agent.call("execute_cell", cell_index=1))
        await expect(card.get_by_text("busy")).to_be_visible()
        await confirmed(card, "Interrupt")
        assert "KeyboardInterrupt" in str((await running)["outputs"])

        await confirmed(card, "Restart")

        async def restarted() -> bool:
            answer = await agent.call("read_notebook")
            return "stale" in str(answer["cells"])

        await eventually(restarted, "what ran before the restart is stale")
        ran = await agent.call("execute_cell", cell_index=2)
        assert [one["code"] for one in ran["notices"]] == ["kernel_restarted"]
        assert "NameError" in str(ran["outputs"])
        listed = await agent.call("list_sessions", session_id=None)
        assert str(listed["sessions"]).count(NAME) == 1, "the page keeps none of its own on it"

        await confirmed(card, "Close")
        await expect(card).to_have_count(0)
        assert await agent.refused("read_notebook") == "session_not_found"
        agent.session_id = None
        assert workbench.complaints == []
