"""What clients of the contents API have loaded: kept within bounds, by path and client."""

from __future__ import annotations

from typing import Any, cast

import pytest

from jmcp.core.ports import NotebookRef
from jmcp_jupyter.documents.local.contents_clients import loaded_copies
from jmcp_jupyter.documents.local.contents_clients.contents_requests import Client
from jmcp_jupyter.documents.local.contents_clients.loaded_copies import LoadedCopies, pack
from jmcp_jupyter.documents.local.contents_clients.other_clients import OtherClients
from tests.clock import Clock

PAGE = Client(name="page", browser=True)
PROGRAM = Client(name="program", browser=False)


def notebook(source: str, output: str = "") -> dict[str, Any]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
    cell = {"id": "c0", "cell_type": "code", "source": source, "metadata": {}, "outputs": outputs}
    return {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def keep(copies: LoadedCopies, client: Client, path: str, content: Any, *, saved: bool) -> None:
    copy = copies.keep(client, path, content, saved=saved)
    packed, whole = pack(content)
    copies.packed(client, path, copy, packed, whole=whole)


def test_a_client_has_what_it_loaded_or_saved_last_also_after_a_rename() -> None:
    copies = LoadedCopies(Clock())
    keep(copies, PAGE, "f/a.ipynb", notebook("1"), saved=False)
    keep(copies, PROGRAM, "f/a.ipynb", notebook("2"), saved=False)
    keep(copies, PAGE, "f/a.ipynb", notebook("3"), saved=True)
    copies.rename("f", "g")
    assert copies.of(PAGE, "f/a.ipynb") is None
    for client, source in ((PAGE, "3"), (PROGRAM, "2")):
        copy = copies.of(client, "g/a.ipynb")
        assert copy is not None
        assert copy.read() == notebook(source)


def test_content_is_given_up_beyond_its_bytes_and_copies_beyond_their_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loaded_copies, "KEPT_BYTES", 400)
    monkeypatch.setattr(loaded_copies, "KEPT_COPIES", 4)
    copies = LoadedCopies(Clock())
    for number in range(4):
        keep(copies, PAGE, f"{number}.ipynb", notebook(str(number)), saved=False)
    found = [copies.of(PAGE, f"{number}.ipynb") for number in range(4)]
    assert [copy is not None and copy.read() is not None for copy in found][0::3] == [False, True]
    assert not copies.forgotten
    keep(copies, PAGE, "4.ipynb", notebook("4"), saved=False)
    assert copies.of(PAGE, "0.ipynb") is None
    assert copies.forgotten


def test_a_long_notebook_is_kept_without_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded_copies, "WHOLE_BYTES", 1000)
    copies = LoadedCopies(Clock())
    keep(copies, PAGE, "a.ipynb", notebook("x", output="long" * 1000), saved=False)
    copy = copies.of(PAGE, "a.ipynb")
    assert copy is not None
    assert copy.read() == notebook("x")
    assert not copy.whole


@pytest.mark.parametrize("content", [object(), {"cells": [object()]}])
def test_what_is_no_notebook_is_no_copy(content: Any) -> None:
    assert pack(content) == (None, False)


async def test_a_page_has_a_notebook_open_until_it_joins_the_room_or_is_old() -> None:
    clock = Clock()
    others = OtherClients(cast("Any", None), clock)
    ref = NotebookRef(key="a", path="a.ipynb")
    assert not others.copies.any_shown
    await others.on_loaded(PROGRAM, ref.path, notebook("1"))
    assert not others.copies.any_shown
    await others.on_loaded(PAGE, ref.path, notebook("1"))
    assert others.copies.any_shown
    assert others.shown(ref.path, ())
    assert not others.shown("b.ipynb", ())
    assert others.shown(ref.path, ("another browser",))
    assert not others.shown(ref.path, (PAGE.name,))
    assert not others.copies.any_shown
    await others.on_loaded(PAGE, ref.path, notebook("1"))
    clock.now += loaded_copies.OPEN_SECONDS + 1
    assert not others.shown(ref.path, ())
