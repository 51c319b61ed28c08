"""Notebooks for merges, and what two sides may do with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from jmcp_jupyter.documents.live.merge.normal_form import normalised

Notebook = dict[str, Any]


def cell(cell_id: str, source: str = "", kind: str = "code", **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"id": cell_id, "cell_type": kind, "source": source, "metadata": {}}
    if kind == "code":
        fields |= {"outputs": [], "execution_count": None}
    return fields | more


def notebook(*cells: Mapping[str, Any], minor: int = 5, **metadata: Any) -> Notebook:
    return normalised(
        {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}
    )


def printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


KINDS = ("code", "markdown", "raw")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ("line", "append", "cut", "clear", "insert", "delete", "move", "run", "type", "meta")
        ),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    max_size=6,
)
BASES = st.lists(
    st.tuples(st.lists(st.sampled_from(["", "x", "y = 1"]), max_size=3), st.sampled_from(KINDS)),
    min_size=1,
    max_size=5,
)


def edited(before: Notebook, steps: list[tuple[str, int, int]], side: str) -> Notebook:
    """A version of the notebook with these changes. What is typed says by whom, and is found
    once."""
    cells = [dict(one) for one in before["cells"]]
    metadata = dict(before["metadata"])
    for number, (what, first, second) in enumerate(steps):
        word = f"<{side}{number}>"
        at = first % len(cells) if cells else 0
        if what == "insert" or not cells:
            cells.insert(at, cell(f"{side}{number}", word, KINDS[second % 3]))
            continue
        one = cells[at] = dict(cells[at])
        text = one["source"].split("\n")
        line = second % len(text)
        if what == "line":
            one["source"] = "\n".join([*text[:line], word, *text[line:]])
        elif what == "append":
            one["source"] = "\n".join([*text[:line], text[line] + word, *text[line + 1 :]])
        elif what == "cut":
            one["source"] = "\n".join(text[:line] + text[line + 1 :])
        elif what == "clear":
            one["source"] = ""
        elif what == "delete":
            del cells[at]
        elif what == "move":
            cells.insert(second % len(cells), cells.pop(at))
        elif what == "run" and one["cell_type"] == "code":
            one |= {"outputs": [printed(word)], "execution_count": number}
        elif what == "type":
            more = {"metadata": one["metadata"]}
            cells[at] = cell(one["id"], one["source"], KINDS[second % 3], **more)
        elif what == "meta":
            one["metadata"] = {**one["metadata"], f"key{second % 3}": word}
            metadata[f"key{second % 3}"] = word
    return {**before, "cells": cells or [cell(f"{side}last")], "metadata": metadata}
