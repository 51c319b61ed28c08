"""A page that does not show what agents do saves the notebook over it: nothing of either is lost."""

from __future__ import annotations

from typing import Any

from tests.scenarios.other_saves.conftest import Beside


def codes(result: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in result["notices"]]


def told(result: dict[str, Any], code: str) -> dict[str, Any]:
    (notice,) = [one for one in result["notices"] if one["code"] == code]
    return dict(notice)


async def test_what_an_overwrite_took_is_there_again_beside_what_the_person_changed(
    server: Beside,
) -> None:
    page = server.page()
    await page.load()
    ran = await server.ask("insert_execute_code_cell", cell_index=1, cell_source="40 + 2", wait=30)
    assert ran["status"] == "ok", ran
    await server.ask("overwrite_cell_source", cell_id="c1", cell_source="y = 22")
    await server.ask("delete_cell", cell_ids=["c2"])

    page.cell("c0")["source"] = "x = 'person'"
    await page.save()
    await server.settled()

    read = await server.ask("read_notebook")
    notice = told(read, "edits_put_back")
    assert notice["details"]["count"] == 3
    others = {"text_overwritten", "edit_overwritten", "cells_deleted", "document_reloaded"}
    assert not others & {*codes(read)}
    assert await server.seen() == ["x = 'person'", "40 + 2", "y = 22"]
    cell = await server.ask("read_cell", cell_index=1)
    assert "42" in str(cell["outputs"])
    assert cell["execution_count"] is not None
    assert "edits_put_back" not in codes(await server.ask("read_notebook"))

    # The page shows nothing of it still, and once more the person chooses Overwrite.
    page.cell("c0")["source"] = "x = 'person again'"
    await page.save()
    await server.settled()
    assert await server.seen() == ["x = 'person again'", "40 + 2", "y = 22"]


async def test_of_what_both_changed_nothing_is_lost(server: Beside) -> None:
    page = server.page()
    await page.load()
    await server.ask("overwrite_cell_source", cell_id="c1", cell_source="y = 'agent'")
    await server.settled()
    page.cell("c1")["source"] = "y = 'person'"
    await page.save()
    await server.settled()
    read = await server.ask("read_notebook")
    if server.mode == "local live":
        # As rooms merge: both stand, one below the other.
        assert told(read, "texts_collided")["details"]["cells"]
        assert await server.seen() == ["x = 1", "y = 'agent'", "y = 'person'", "z = 3"]
    else:
        assert told(read, "text_replaced")["details"]["text"] == "y = 'agent'"
        assert await server.seen() == ["x = 1", "y = 'person'", "z = 3"]


async def test_after_revert_the_person_may_delete_what_the_agent_did(server: Beside) -> None:
    page = server.page()
    await page.load()
    inserted = await server.insert("mine = 1", 1)
    await server.settled()
    await page.load()
    assert page.sources == ["x = 1", "mine = 1", "y = 2", "z = 3"]
    page.content["cells"] = [one for one in page.content["cells"] if one["id"] != inserted]
    await page.save()
    await server.settled()
    read = await server.ask("read_notebook")
    assert "edits_put_back" not in codes(read)
    assert "text_overwritten" not in codes(read)
    assert await server.seen() == ["x = 1", "y = 2", "z = 3"]


async def test_a_page_that_was_there_before_the_server_never_had_its_edits(server: Beside) -> None:
    page = server.page()
    await page.load()
    (others,) = server.app.web_app.settings["jmcp_contents_observers"]
    others.copies._copies.clear()
    await server.insert("mine = 1", 1)
    page.cell("c0")["source"] = "x = 'person'"
    await page.save()
    await server.settled()
    assert await server.seen() == ["x = 'person'", "mine = 1", "y = 2", "z = 3"]


async def test_a_program_that_loaded_nothing_overwrites_and_the_agent_is_told(
    server: Beside,
) -> None:
    program = server.page("some-program/1.0")
    await program.load()
    content = program.content
    (others,) = server.app.web_app.settings["jmcp_contents_observers"]
    others.copies._copies.clear()
    await server.insert("mine = 1", 1)
    await server.settled()
    program.content = content
    await program.save()
    await server.settled()
    read = await server.ask("read_notebook")
    assert told(read, "text_overwritten")["details"]["text"] == "mine = 1"
    assert await server.seen() == ["x = 1", "y = 2", "z = 3"]


async def test_a_renamed_notebook_is_the_same(server: Beside) -> None:
    page = server.page()
    await page.load()
    await page.rename("b.ipynb")
    server.path = "b.ipynb"
    await server.insert("mine = 1", 1)
    page.cell("c0")["source"] = "x = 'person'"
    await page.save()
    await server.settled()
    read = await server.ask("read_notebook")
    assert "edits_put_back" in codes(read)


async def test_an_agent_is_told_once_that_a_page_has_the_notebook_open(server: Beside) -> None:
    program, page = server.page("some-program/1.0"), server.page()
    await program.load()
    code = "tab_not_updated" if server.mode == "local file" else "open_elsewhere"
    assert code not in codes(await server.ask("read_notebook"))
    await page.load()
    assert code in codes(await server.ask("read_notebook"))
    assert code not in codes(await server.ask("read_notebook"))
