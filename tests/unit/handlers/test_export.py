"""Exporting notebooks: what is written where, and what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jmcp_api.backend_errors import WriteRefused
from jmcp_api.errors import ExportFailed
from jmcp_handlers.support.export import conversion
from jmcp_handlers.support.export.conversion_process import converted
from tests.fakes.jmcp import FakeJmcp

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}


def code(cell_id: str, source: str, **data: Any) -> dict[str, Any]:
    shown = {"output_type": "display_data", "metadata": {}, "data": data}
    return {
        "id": cell_id,
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "execution_count": 1,
        "outputs": [shown] if data else [],
    }


FIGURES = notebook(
    code("a", "plot()", **{"image/png": PNG}), code("b", "plot(2)", **{"image/png": PNG})
)


@pytest.fixture
async def figures(jmcp: FakeJmcp) -> str:
    jmcp.documents.put_text("fig.ipynb", json.dumps(FIGURES))
    return await jmcp.open("fig.ipynb")


async def test_markdown_has_its_images_in_a_folder_beside_it(jmcp: FakeJmcp, figures: str) -> None:
    made = await jmcp.call("export_notebook", session_id=figures, format="md")
    images = ["fig_files/fig_0_0.png", "fig_files/fig_1_0.png"]
    assert (made["path"], made["images"]) == ("fig.md", images)
    text = jmcp.documents.text("fig.md") or ""
    assert [image in text for image in images] == [True, True]
    assert all(jmcp.documents.text(image) for image in images)


async def test_nothing_is_replaced_unasked(jmcp: FakeJmcp, figures: str) -> None:
    jmcp.documents.make_directory("fig_files")
    jmcp.documents.put_text("fig_files/fig_1_0.png", "mine")
    error = await jmcp.fail("export_notebook", session_id=figures, format="md")
    assert (error["code"], error["details"]) == ("file_exists", {"path": "fig_files/fig_1_0.png"})
    assert (jmcp.documents.text("fig.md"), jmcp.documents.text("fig_files/fig_0_0.png")) == (
        None,
        None,
    )
    await jmcp.call("export_notebook", session_id=figures, format="md", overwrite=True)
    assert jmcp.documents.text("fig_files/fig_1_0.png") != "mine"
    error = await jmcp.fail("export_notebook", session_id=figures, format="md")
    assert error["details"] == {"path": "fig.md"}


async def test_it_is_the_notebook_as_it_is_now(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("overwrite_cell_source", session_id=session, cell_index=0, cell_source="y = 7")
    jmcp.documents.make_directory("out")
    made = await jmcp.call(
        "export_notebook", session_id=session, format="html", path="out/./page.html"
    )
    assert made["path"] == "out/page.html"
    text = jmcp.documents.text("out/page.html") or ""
    assert "<title>page</title>" in text
    assert made["size"] == len(text.encode("utf-8", "surrogateescape"))
    await jmcp.call("export_notebook", session_id=session, format="py")
    assert "y = 7" in (jmcp.documents.text("a.py") or "")


@pytest.mark.parametrize(
    ("path", "error_code"),
    [
        ("page.txt", "invalid_arguments"),
        ("page.ipynb", "invalid_arguments"),
        ("page", "invalid_arguments"),
        (".page.html", "path_refused"),
        ("../page.html", "path_refused"),
        ("/tmp/page.html", "path_refused"),
        ("nope/page.html", "directory_not_found"),
    ],
)
async def test_where_nothing_is_written(
    jmcp: FakeJmcp, session: str, path: str, error_code: str
) -> None:
    error = await jmcp.fail("export_notebook", session_id=session, format="html", path=path)
    assert error["code"] == error_code
    assert "documents.write_file" not in jmcp.faults.reached


async def test_half_an_export_is_told(jmcp: FakeJmcp, figures: str) -> None:
    refused = WriteRefused.not_written(path="fig.md", reason="disk full")
    jmcp.faults.fail("documents.write_file", refused, nth=3)
    error = await jmcp.fail("export_notebook", session_id=figures, format="md")
    assert (error["code"], error["details"]) == ("partly_done", {"path": "fig.md"})
    assert error["message"].startswith("2 files of 3 were written")
    await jmcp.call("export_notebook", session_id=figures, format="md", overwrite=True)


async def test_what_nbconvert_raises_is_told(jmcp: FakeJmcp) -> None:
    broken = notebook(code("a", "1", **{"image/png": "no base64 at all"}))
    with pytest.raises(ExportFailed) as failed:
        conversion.by_process(broken, "md", "a")
    assert "nbconvert could not make md" in failed.value.message


def test_a_conversion_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "CONVERSION_SECONDS", 0.01)
    with pytest.raises(ExportFailed) as failed:
        conversion.by_process(FIGURES, "py", "a")
    assert "took longer than 0.01 s" in failed.value.message


@pytest.mark.parametrize(
    "name", ["../../evil.png", "/evil.png", "a/../../evil.png", "..", "x\\..\\y.png"]
)
def test_no_attachment_leads_out_of_the_folder(name: str) -> None:
    cell = {
        "id": "a",
        "cell_type": "markdown",
        "metadata": {},
        "source": f"![x](attachment:{name})",
        "attachments": {name: {"image/png": PNG}},
    }
    files = converted(notebook(cell), "md", "n")
    for path in files:
        folder, _, file = path.rpartition("/")
        assert folder in ("", "n_files")
        assert file not in ("..", ".", "")
        assert "\\" not in path
