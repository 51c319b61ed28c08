"""The workbench shows what agents do, beside JupyterLab."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent
from tests.e2e.workbench.page import opened
from tests.notebooks import write_notebook
from tests.served import Served

DO = """([url, what]) => new Promise((resolve, reject) => {
    const channel = new WebSocket(url);
    const send = (message) => channel.send(JSON.stringify(message));
    channel.onerror = reject;
    channel.onopen = () => send({ type: "hello", page: "page", way: "file", app: "lab" });
    channel.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        const held = message.sessions?.find((one) => one.notebooks[0].path === "shown.ipynb");
        if (held) send({ type: "do", id: 1, what, session: held.key });
        if (message.type === "done") {
            channel.close();
            message.problem ? reject(message.problem) : resolve();
        }
    };
})"""
"""What JupyterLab's page does when a person presses one of its buttons."""


async def test_an_agent_s_session_and_calls_are_shown(
    chrome: Browser, served: Served, agent: Agent
) -> None:
    write_notebook(served.root / "shown.ipynb", "1 + 1")
    await agent.open("shown.ipynb")
    async with opened(chrome, served) as workbench:
        assert served.token not in workbench.page.url
        await expect(workbench.page.get_by_role("button", name="shown.ipynb")).to_be_visible()
        log = await workbench.panel("Log")
        await expect(log.get_by_text("use_notebook").first).to_be_visible()
        await agent.call("execute_cell", cell_index=0)
        await expect(log.get_by_text("execute_cell", exact=True).first).to_be_visible()
        await expect(workbench.lab.locator("#jp-main-dock-panel")).to_be_visible()
        sessions = await workbench.panel("Sessions")
        mark = sessions.get_by_text("paused", exact=True)
        channel = f"{served.url.replace('http', 'ws', 1)}jmcp/lab/page"
        await workbench.page.evaluate(DO, [channel, "pause"])
        await expect(mark).to_be_visible()
        await workbench.page.evaluate(DO, [channel, "resume"])
        await expect(mark).to_have_count(0)
        assert workbench.complaints == []
