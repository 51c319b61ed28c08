"""Answers and notebooks without what has to differ from one run to the next."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat

from tests.surfaces.contract.surfaces import Answer

NAMED = ("session_id", "cell_id", "kernel_id", "execution_id", "change_id", "acceptance_id")
"""Names that are made up anew. Each becomes the number in which it appeared, here and in texts."""
APART = frozenset(
    {
        *("seconds", "started", "last_modified", "last_activity"),
        # A notebook's size goes with when it was saved, as does whether an edit is yet.
        *("size", "saved"),
        # Jupyter makes a checkpoint itself before it first saves a file for somebody.
        "replaced",
        # How the document is kept is what collaboration changes.
        "document",
        # Of sessions the ids are masked; where jmcp is and how notebooks are kept is what differs.
        *("session", "opened", "last_call"),
        *("place", "jupyter_url", "documents", "provider", "mode"),
    }
)
TEXT_APART = re.compile(
    # Times; the seconds of a row of run_cells; a size and a time in a row of a listing
    r"\b\d+(\.\d+)? ?(ms|s|seconds?)\b|(?<=\t)\d+\.\d+(?=\t|$)"
    r"|(\d+\t)?\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)"
    # A masked id; where jmcp is, and how notebooks are kept
    r"|\b\w\w\*\*\*(?=[\t\n,]|$)"
    r"|(inside|remote) · Jupyter Server \S+ at \S+|Documents: (live|file)( \(\w+\))?"
    r"|(?<=answers · )(live|file)(?= ·)|(?<= · )(saved|pending)(?=\n|$)"
    # Where the Jupyter Server is
    r"|http://(localhost|127\.0\.0\.1):\d+(?=/lab/)"
    # A kernel that was interrupted just now may have begun with what waited.
    r"|(?<=interrupted, now )\w+"
    # What is said only where a client is a connection: a process of its own over stdio; and where
    # Jupyter restores a file itself, and may load it as a newer one.
    r"|\nNotice \((session_opened|outside_of_jupyter|edits_recovered|document_reloaded|file_merged)"
    r"\): .*"
    r"|(?<=, )(saved|pending)\b|(?<=document: )(live|file)\b"
    # Errors are text alone, so nothing else names the run of one.
    r"|(?<=\(execution )\w+(?=\))"
)
HOW_KEPT = re.compile(
    r"\n\(document: file\)|, document: (live|file)(?=\))|\nIt took the place of the one of .*"
)
"""What a text says of how the document is kept, at another place where it is a file, and of a
checkpoint that Jupyter has made by itself."""
UNKNOWN = {"kernelspec": {"name": "", "display_name": ""}, "language_info": {"name": ""}}
"""What a shared document writes for a notebook that names no kernelspec or language."""


class Normal:
    """What one sequence of calls was answered."""

    def __init__(self, given: set[str]) -> None:
        """`given` are the names that the folder started with: those have to stay."""
        self._given = given
        self._names: dict[str, str] = {}

    def answer(self, answer: Answer) -> dict[str, Any]:
        self._learn(answer.result)
        if isinstance(answer.result, dict) and "run_count" in answer.result:
            # What goes on tells of clients, owners and times.
            counts = {name: answer.result[name] for name in ("session_count", "run_count")}
            return {"error": None, "text": "", "result": counts}
        return {
            "error": answer.error,
            # In a text for a model, the code is part of the text.
            "text": self._text(answer.text.removesuffix(f"\n(error: {answer.error})")),
            "result": self._common(answer.result),
        }

    def _learn(self, value: Any) -> None:
        if isinstance(value, list):
            for inner in value:
                self._learn(inner)
        elif isinstance(value, dict):
            for key, inner in value.items():
                if key in NAMED and isinstance(inner, str) and inner not in self._given:
                    number = sum(name.startswith(f"<{key}") for name in self._names.values())
                    self._names.setdefault(inner, f"<{key} {number}>")
                self._learn(inner)

    def _common(self, value: Any) -> Any:
        if isinstance(value, dict):
            apart = APART | ({"state"} if value.get("action") == "interrupted" else set())
            return {key: self._common(inner) for key, inner in value.items() if key not in apart}
        if isinstance(value, list):
            return [self._common(inner) for inner in value if not _of_a_connection(inner)]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        for name, number in self._names.items():
            text = text.replace(name, number)
        text = HOW_KEPT.sub("", text)
        return TEXT_APART.sub(lambda found: "" if "Notice" in found[0] else "<apart>", text)


def _of_a_connection(value: Any) -> bool:
    codes = (
        *("session_opened", "outside_of_jupyter"),
        *("edits_recovered", "document_reloaded", "file_merged"),
    )
    return isinstance(value, dict) and value.get("code") in codes


def cell_ids(root: Path) -> set[str]:
    """The ids that the cells of a folder's notebooks have."""
    found = re.compile(r'"id": "([^"]+)"')
    return {name for path in root.glob("*.ipynb") for name in found.findall(path.read_text())}


def notebook(path: Path, given: set[str]) -> Any:
    """A saved notebook after nbformat's own check, its new ids apart."""
    read = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(read)
    data = json.loads(nbformat.writes(read, version=nbformat.NO_CONVERT))
    for cell in data["cells"]:
        if "id" in cell and cell["id"] not in given:
            cell["id"] = "<new>"
    metadata = data["metadata"]
    data["metadata"] = {key: metadata[key] for key in metadata if metadata[key] != UNKNOWN.get(key)}
    return data
