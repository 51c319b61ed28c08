"""Workspaces as JupyterLab saves them: made for one notebook, and read whatever is in them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jmcp.core.errors import PathRefused
from jmcp.core.lab_pages import LabTab
from jmcp_jupyter.documents.common.paths import UNPRINTABLE, notebook_path

NAME_CHARACTERS = 40
"""Of a notebook's path in the name of its workspace, for people; the digest behind it tells it apart."""
DIGEST_CHARACTERS = 16
FACTORY = "Notebook"
"""JupyterLab's name of its notebook editor."""
LAYOUT = "layout-restorer:data"
TABS_OF_WORKSPACE = 500
WORD_CHARACTERS = 128
"""Of the name of a workspace or a factory."""
DRIVE = "RTC:"
"""What collaboration puts before the paths of its documents."""


def workspace_name(path: str, conversation_id: str | None = None) -> str:
    """The name of the workspace for that notebook, or of that conversation for it; no other pair has
    it, and it is one that JupyterLab takes in a URL."""
    subject = path if conversation_id is None else f"{conversation_id}\0{path}"
    digest = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()
    words = re.sub(r"[^A-Za-z0-9]+", "-", path.removesuffix(".ipynb")).strip("-")
    parts = ("jmcp", words[-NAME_CHARACTERS:].strip("-"), digest[:DIGEST_CHARACTERS])
    return "-".join(filter(None, parts))


def focused_workspace(name: str, path: str) -> dict[str, Any]:
    """A workspace with that notebook as its only tab, and the side bars closed."""
    tab = f"notebook:{path}"
    dock = {"type": "tab-area", "currentIndex": 0, "widgets": [tab]}
    closed = {"collapsed": True, "visible": True, "widgets": []}
    return {
        "data": {
            LAYOUT: {
                "main": {"dock": dock, "current": tab},
                "left": closed,
                "right": closed,
            },
            tab: {"data": {"path": path, "factory": FACTORY}},
        },
        "metadata": {"id": name},
    }


def decoded(text: bytes | str) -> Any:
    """The JSON of a file or an answer. Raises ValueError, also where it is nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def tabs_of(saved: Any, name: str) -> Iterator[LabTab]:
    """The notebooks among the tabs of a workspace as it was saved, at most TABS_OF_WORKSPACE. What is
    odd in it is passed over. Raises ValueError for what is no workspace at all. `name` is its own
    where it says none."""
    data = saved.get("data") if isinstance(saved, Mapping) else None
    if not isinstance(data, Mapping):
        raise ValueError("no workspace")  # noqa: TRY004  as for what is no JSON
    workspace = name_of(saved) or name
    current = _current(data)
    count = 0
    for key, entry in data.items():
        tab = _tab(entry, workspace, current=key == current)
        if tab is not None:
            yield tab
            count += 1
        if count == TABS_OF_WORKSPACE:
            return


def name_of(saved: Any) -> str | None:
    """What a workspace calls itself; None where it says nothing that can be shown."""
    metadata = saved.get("metadata") if isinstance(saved, Mapping) else None
    found = metadata.get("id") if isinstance(metadata, Mapping) else None
    return _word(found.lstrip("/")) if isinstance(found, str) else None


def _current(data: Mapping[str, Any]) -> str | None:
    """The key of the tab in front."""
    layout = data.get(LAYOUT)
    main = layout.get("main") if isinstance(layout, Mapping) else None
    found = main.get("current") if isinstance(main, Mapping) else None
    return found if isinstance(found, str) else None


def _tab(entry: Any, workspace: str, *, current: bool) -> LabTab | None:
    about = entry.get("data") if isinstance(entry, Mapping) else None
    if not isinstance(about, Mapping):
        return None
    path, factory = about.get("path"), _word(about.get("factory"))
    if not isinstance(path, str):
        return None
    try:
        path = notebook_path(path.removeprefix(DRIVE))
    except PathRefused:
        return None
    return LabTab(path=path, workspace=workspace, factory=factory, current=current)


def _word(found: Any) -> str | None:
    """A name as it can be shown; None for what is none."""
    if not isinstance(found, str) or not found or len(found) > WORD_CHARACTERS:
        return None
    return None if UNPRINTABLE.search(found) else found
