"""A person's editor beside the agent: a second client of the same live document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.agent import WAIT_SECONDS, Agent, eventually, saved, texts, write
from tests.ports.documents.tab import Tab
from tests.served import Served

pytestmark = pytest.mark.oldest


async def seen(tab: Tab, holds: Callable[[], Any], what: str) -> None:
    """Wait for a change of the tab's copy after which the condition holds."""
    changed = asyncio.Event()
    subscription = tab.notebook.ydoc.observe(lambda _: changed.set())
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while not holds():
                await changed.wait()
                changed.clear()
    except TimeoutError:
        raise AssertionError(f"the second client did not see: {what}") from None
    finally:
        tab.notebook.ydoc.unobserve(subscription)


def outputs(tab: Tab, index: int) -> list[Any]:
    found: list[Any] = tab.notebook.get()["cells"][index]["outputs"]
    return found


def text(tab: Tab, index: int) -> str:
    parts = [output.get("text", "") for output in outputs(tab, index)]
    return "".join("".join(part) for part in parts)


def type_at_end(tab: Tab, index: int, typed: str) -> None:
    source = tab.notebook.ycells[index]["source"]
    source.insert(len(source), typed)


async def test_a_second_client_sees_every_edit_and_output_live(
    served: Served, agent: Agent
) -> None:
    path = "watched by a person.ipynb"
    write(served, path, "first = 1")
    tab = await Tab.at(served.url, served.token, path)
    try:
        await agent.open(path)
        inserted = await agent.call(
            "insert_cell", cell_index=1, cell_type="markdown", cell_source="# Inserted"
        )
        await seen(tab, lambda: tab.sources == ["first = 1", "# Inserted"], "an insert")
        await agent.call(
            "edit_cell_source", cell_id=inserted["cell_id"], old_string="In", new_string="As"
        )
        await seen(tab, lambda: tab.sources[1] == "# Asserted", "an edit")
        await agent.call("move_cell", cell_id=inserted["cell_id"], target_index=0)
        await seen(tab, lambda: tab.sources == ["# Asserted", "first = 1"], "a move")

        # Output appears while the cell runs: the cell waits for a file that the person makes.
        code = (
            "import pathlib, time\n"
            "print('waiting', flush=True)\n"
            "while not pathlib.Path('go').exists():\n    time.sleep(0.01)\n"
            "print('went on')"
        )
        running = asyncio.create_task(agent.run(code))
        await seen(
            tab,
            lambda: len(tab.sources) == 3 and text(tab, 2) == "waiting\n",
            "output of a running cell",
        )
        assert tab.notebook.ycells[2]["execution_state"] == "running"
        assert not running.done()
        # The person types meanwhile, and is not overwritten.
        type_at_end(tab, 1, "\nby_person = 2")
        (served.root / "go").touch()
        run = await running
        (served.root / "go").unlink()
        assert texts(run) == ["waiting\nwent on\n"]
        await seen(tab, lambda: text(tab, 2) == "waiting\nwent on\n", "the rest of the output")
        await seen(
            tab, lambda: tab.notebook.ycells[2]["execution_state"] == "idle", "the end of the run"
        )
        read = await agent.call("read_cell", cell_index=1)
        assert read["source"] == "first = 1\nby_person = 2"

        await agent.call("delete_cell", cell_ids=[inserted["cell_id"]])
        await seen(tab, lambda: len(tab.sources) == 2, "a delete")
        on_disk = await saved(
            served,
            path,
            lambda found: [c.source for c in found.cells] == tab.sources,
            "it is saved",
        )
        assert on_disk.cells[1].outputs[0].text == "waiting\nwent on\n"
    finally:
        await tab.close()


async def test_edits_of_both_sides_end_the_same_everywhere(served: Served, agent: Agent) -> None:
    path = "both.ipynb"
    write(served, path, *(f"c{n}" for n in range(5)))
    tab = await Tab.at(served.url, served.token, path)
    try:
        await agent.open(path)

        async def person() -> None:
            for n in range(40):
                type_at_end(tab, n % 3, f"\nperson {n}")
                await asyncio.sleep(0)  # lets the update go out, and the agent's come in

        async def model() -> None:
            for n in range(20):
                await agent.call(
                    "insert_cell", cell_index=-1, cell_type="code", cell_source=f"model {n}"
                )

        await asyncio.gather(person(), model())
        await seen(tab, lambda: len(tab.sources) == 25, "all inserts")

        async def same() -> list[str] | None:
            cells = (await agent.call("read_notebook", response_format="detailed", limit=100))[
                "cells"
            ]
            sources = [cell["source"] for cell in cells]
            return sources if sources == tab.sources else None

        sources = await eventually(same, "both have the same cells")
        assert sum(source.count("person") for source in sources) == 40
        assert sources[5:] == [f"model {n}" for n in range(20)]
        await saved(
            served, path, lambda found: [c.source for c in found.cells] == sources, "it is saved"
        )
    finally:
        await tab.close()
