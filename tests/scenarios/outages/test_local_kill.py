"""jmcp inside of Jupyter, killed in the moments before edits are saved."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.ports.documents.tab import Tab
from tests.scenarios.outages.agent import Editor, Ledger, agent_client
from tests.scenarios.outages.remote_setup import RestartableServer, put
from tests.served import serve
from tests.thorough import thorough


@thorough
async def test_edits_and_sessions_survive(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    sources = {f"cell{index}": f"'original {index}'" for index in range(8)}
    put(root / "a.ipynb", sources.items())
    ledger = Ledger(sources=sources)
    process = RestartableServer()
    async with agent_client() as agent:
        editor = Editor(agent, ledger, seed=41)
        try:
            for how in (signal.SIGKILL, signal.SIGTERM, None):
                agent.served = await process.up(serve(tmp_path / "home", root))
                if agent.session_id is None:
                    await agent.open("a.ipynb")
                ledger.check((await agent.cells()).items())
                ran = await agent.call("execute_code", code="print('kept' in globals())", wait=120)
                assert ran["outputs"][0]["text"] == "False\n"
                await agent.call("execute_code", code="kept = 1", wait=120)
                tab = await Tab.at(agent.served.url, agent.served.token, "a.ipynb")
                try:
                    for _ in range(8):
                        assert (await editor.edit()).error is None
                finally:
                    await tab.close()
                if how is None:
                    ledger.check((await agent.cells()).items())
                else:
                    await process.down(how)
        finally:
            await process.down()
    assert not ledger.doubtful
