"""A reply proves an edit, or it does not: whatever both sides did meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from jupyter_ydoc import YNotebook

from jmcp_jupyter.documents.remote.update_echoes import Echoes, Mark
from jmcp_jupyter.documents.remote.update_proof import contains, has

EMPTY: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}}


def cell(name: str) -> dict[str, Any]:
    return {"cell_type": "raw", "id": name, "source": f"text of {name}", "metadata": {}}


def insert(notebook: YNotebook, at: int, name: str) -> None:
    notebook.ycells.insert(at, notebook.create_ycell(cell(name)))


def delete(notebook: YNotebook, at: int, name: str) -> None:
    del notebook.ycells[at]


def extend(notebook: YNotebook, at: int, name: str) -> None:
    text = notebook.ycells[at]["source"]
    text += name


def shorten(notebook: YNotebook, at: int, name: str) -> None:
    del notebook.ycells[at]["source"][0:1]


def annotate(notebook: YNotebook, at: int, name: str) -> None:
    notebook.ycells[at]["metadata"]["x"] = name


EDITS: list[Callable[[YNotebook, int, str], None]] = [insert, delete, extend, shorten, annotate]


@pytest.fixture
def sides() -> tuple[YNotebook, YNotebook]:
    """The server's document and a client's copy of it."""
    server, client = YNotebook(), YNotebook()
    server.set({**EMPTY, "cells": [cell(f"c{number}") for number in range(60)]})
    client.ydoc.apply_update(server.ydoc.get_update())
    return server, client


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_proven_when_the_server_has_it(
    sides: tuple[YNotebook, YNotebook], edit: Callable[[YNotebook, int, str], None]
) -> None:
    server, client = sides
    state = client.ydoc.get_state()
    edit(client, 3, "new")
    insert(server, 0, "from others")
    wanted = client.ydoc.get_update(state)
    assert not contains(server.ydoc.get_update(state), wanted)
    assert not has(server.ydoc.get_update(), wanted)
    server.ydoc.apply_update(wanted)
    assert contains(server.ydoc.get_update(state), wanted)
    assert has(server.ydoc.get_update(), wanted)


@pytest.mark.parametrize("seed", range(5))
def test_an_edit_is_proven_whatever_others_do_with_it(
    sides: tuple[YNotebook, YNotebook], seed: int
) -> None:
    server, client = sides
    chance = random.Random(seed)  # not for secrets
    for number in range(100):
        state = client.ydoc.get_state()
        for step in range(chance.randrange(1, 4)):
            chance.choice(EDITS)(client, chance.randrange(3), f"mine{number}.{step}")
        wanted = client.ydoc.get_update(state)
        assert not contains(server.ydoc.get_update(state), wanted)
        server.ydoc.apply_update(wanted)
        for step in range(chance.randrange(4)):
            chance.choice(EDITS)(server, chance.randrange(3), f"theirs{number}.{step}")
        answer = server.ydoc.get_update(state)
        assert contains(answer, wanted)
        assert has(server.ydoc.get_update(), wanted)
        client.ydoc.apply_update(answer)


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_that_the_server_took_comes_back(
    sides: tuple[YNotebook, YNotebook], edit: Callable[[YNotebook, int, str], None]
) -> None:
    server, client = sides
    echoes = Echoes()
    sent: list[bytes] = []
    back: list[bytes] = []
    server.ydoc.observe(lambda event: back.append(event.update))
    client.ydoc.observe(lambda event: sent.append(event.update))
    edit(client, 3, "new")
    edit(client, 4, "newer")
    # Somebody else's change comes between.
    insert(server, 0, "theirs")
    assert echoes.heard(back[0]) is None
    for number, update in enumerate(sent):
        echoes.expect(update, Mark(changes=number, state=b""))
        server.ydoc.apply_update(update)
    marks = [echoes.heard(update) for update in back]
    assert [mark.changes for mark in marks if mark is not None] == list(range(len(sent)))


def test_an_update_without_what_it_builds_on_does_not_come_back(
    sides: tuple[YNotebook, YNotebook],
) -> None:
    server, client = sides
    echoes = Echoes()
    sent: list[bytes] = []
    back: list[bytes] = []
    client.ydoc.observe(lambda event: sent.append(event.update))
    insert(client, 3, "lost on its way")
    extend(client, 3, "more of it")
    server.ydoc.observe(lambda event: back.append(event.update))
    echoes.expect(sent[1], Mark(changes=2, state=b""))
    server.ydoc.apply_update(sent[1])
    insert(server, 0, "theirs")
    assert [echoes.heard(update) for update in back if echoes.heard(update)] == []


def test_what_was_proven_otherwise_is_not_waited_for() -> None:
    echoes = Echoes()
    for number in (1, 2):
        echoes.expect(bytes([number]), Mark(changes=number, state=b""))
    echoes.forget(1)
    mark = echoes.heard(bytes([2]))
    assert mark is not None
    assert mark.changes == 2
    assert echoes.heard(bytes([2])) is None
