"""Two `jmcp serve` on one folder: each has its own document of a file, and one of them edits it."""

from __future__ import annotations

import json
import logging
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from jmcp.compose_local import local_dispatcher
from jmcp.options.settings import Settings
from tests.jupyter_process import StartJupyter
from tests.notebooks import write_notebook
from tests.scenarios.journal.test_kill import CALL_SECONDS, call, client
from tests.served import Served, serve
from tests.typed import rows_of


def sources(root: Path) -> list[str]:
    found = json.loads((root / "a.ipynb").read_text())
    return ["".join(cell["source"]) for cell in found["cells"]]


def refusal(http: httpx2.Client, tool: str, **arguments: object) -> dict[str, object]:
    reply = http.post("mcp/tools/call", json={"tool_name": tool, "arguments": arguments})
    answer = reply.json()
    assert reply.status_code >= 400, answer
    found: dict[str, object] = answer
    return found


def test_what_one_acknowledged_is_neither_overwritten_nor_redone_by_the_other(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    write_notebook(root / "a.ipynb", "0", "1", "2")
    with ExitStack() as stack:

        def started() -> tuple[Served, httpx2.Client, str]:
            served = stack.enter_context(serve(tmp_path / "home", root))
            http = stack.enter_context(client(served))
            opened = call(http, "use_notebook", notebook_path="a.ipynb")
            return served, http, opened["session_id"]

        (first, here, mine), (_, there, theirs) = started(), started()
        made = [f"first {number}" for number in range(5)]
        for source in made:
            call(
                here,
                "insert_cell",
                session_id=mine,
                cell_index=-1,
                cell_type="code",
                cell_source=source,
            )
            edit = {"cell_index": -1, "cell_type": "code", "cell_source": "second"}
            refused = refusal(there, "insert_cell", session_id=theirs, **edit)
            assert (refused["code"], refused["retry"]) == ("write_refused", "later"), refused
            assert str(first.process.pid) in str(refused)
            run = refusal(there, "execute_cell", session_id=theirs, cell_index=0)
            assert run["code"] == "write_refused", run
            # Reading is for everybody, and recovers nothing of a process that lives.
            call(there, "read_notebook", session_id=theirs)
        known = sources(root)
        first.process.kill()
        first.process.wait(CALL_SECONDS)
        assert known != ["0", "1", "2", *made], "it should have died before its last save"
        edited = call(there, "insert_cell", session_id=theirs, **edit)
        read = call(there, "read_notebook", session_id=theirs, response_format="detailed")
        notices = [*edited.get("notices", ()), *read.get("notices", ())]
        shown = [cell["source"] for cell in rows_of(read["cells"])]
        assert sorted(shown) == sorted(["0", "1", "2", *made, "second"]), notices
    assert sorted(sources(root)) == sorted(shown)


async def test_the_second_one_says_so_at_its_start(
    jupyter: StartJupyter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("jmcp").addHandler(caplog.handler)
    try:
        app = await jupyter(collaboration=False, root=tmp_path / "root")
        first = local_dispatcher(app, Settings())
        assert "Another jmcp" not in caplog.text
        second = local_dispatcher(app, Settings())
        assert f"Another jmcp serves {tmp_path / 'root'} (process " in caplog.text
        assert app.connection_url in caplog.text
        await second.close()
        await first.close()
    finally:
        logging.getLogger("jmcp").removeHandler(caplog.handler)
