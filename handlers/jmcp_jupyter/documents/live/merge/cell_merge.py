"""A merge of three versions of one cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jmcp.core.editing.line_diff import DiffBudget
from jmcp_jupyter.documents.live.merge.line_merge import merged_text

StoredCell = Mapping[str, Any]

NOTHING = object()
"""In place of the value of a key that one version lacks."""
APART = frozenset({"id", "source", "metadata", "outputs", "execution_count"})
"""Keys of a cell that are not merged one by one."""
RUN = ("outputs", "execution_count")
"""Keys of a code cell that a run changes, together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedCell:
    """The cell; `collided`: it is that of mine, and the other's text has to have a cell of its
    own."""

    cell: StoredCell
    collided: bool = False


def merged_cell(
    base: StoredCell | None, mine: StoredCell, theirs: StoredCell, budget: DiffBudget
) -> MergedCell:
    """What both sides made of a cell; `base` is None for one that both have put in."""
    if base is not None and is_same(base, mine):
        own = "id" not in theirs or ("id" in base and base["id"] != mine.get("id"))
        return MergedCell(cell={**theirs, **_id(mine)} if own else theirs)
    if is_same(mine, theirs) or (base is not None and is_same(base, theirs)):
        return MergedCell(cell=_trusted(mine, mine, theirs))
    before = base or {}
    text = merged_text(before.get("source", ""), mine["source"], theirs["source"], budget)
    if text.collided:
        return MergedCell(cell=mine, collided=True)
    keys = [key for key in (*mine, *theirs) if key not in APART]
    cell = {key: _chosen(key, before, mine, theirs) for key in keys}
    cell |= {**_id(mine), "source": text.text}
    cell["metadata"] = merged_keys(
        before.get("metadata", {}), mine.get("metadata", {}), theirs.get("metadata", {})
    )
    runs = [{key: one[key] for key in RUN if key in one} for one in (before, mine, theirs)]
    run = runs[2] if runs[0] == runs[1] else runs[1]
    cell = {key: value for key, value in {**cell, **run}.items() if value is not NOTHING}
    return MergedCell(cell=_trusted(complete(cell), mine, theirs))


def merged_keys(
    base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> dict[str, Any]:
    """Each key as the side has it that changed it; those that both changed as mine has them."""
    keys = dict.fromkeys([*mine, *theirs])
    merged = {key: _chosen(key, base, mine, theirs) for key in keys}
    return {key: value for key, value in merged.items() if value is not NOTHING}


def complete(cell: StoredCell) -> dict[str, Any]:
    """The cell with the keys that its type has, and without those that only others have."""
    kept = dict(cell)
    kept.setdefault("metadata", {})
    if kept["cell_type"] == "code":
        kept.pop("attachments", None)
        return {"execution_count": None, "outputs": [], **kept}
    for key in RUN:
        kept.pop(key, None)
    if not kept.get("attachments"):
        kept.pop("attachments", None)
    return kept


def is_same(one: StoredCell, other: StoredCell) -> bool:
    """Whether a file would have the same of both, apart from the id."""
    return one == other or _body(one) == _body(other)


def has_work(base: StoredCell, now: StoredCell) -> bool:
    """Whether somebody edited or ran the cell, so that it is not deleted with the other side's."""
    if any(base.get(key) != now.get(key) for key in ("source", "cell_type", "attachments")):
        return True
    return bool(now.get("outputs")) and now.get("outputs") != base.get("outputs")


def _body(cell: StoredCell) -> dict[str, Any]:
    metadata = cell.get("metadata") or {}
    body = {**cell, "metadata": {key: metadata[key] for key in metadata if key != "trusted"}}
    body.pop("id", None)
    return body


def _chosen(
    key: str, base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Any:
    own = mine.get(key, NOTHING)
    return theirs.get(key, NOTHING) if own == base.get(key, NOTHING) else own


def _id(cell: StoredCell) -> dict[str, Any]:
    return {"id": cell["id"]} if "id" in cell else {}


def _trusted(cell: StoredCell, mine: StoredCell, theirs: StoredCell) -> StoredCell:
    """Jupyter's mark of trust (whose outputs may run scripts) as the outputs' side has it: what came
    out of a file is trusted only as that file is."""
    outputs = cell.get("outputs")
    if outputs and outputs != mine.get("outputs") and outputs == theirs.get("outputs"):
        metadata = {key: value for key, value in cell["metadata"].items() if key != "trusted"}
        if "trusted" in theirs.get("metadata", {}):
            metadata["trusted"] = theirs["metadata"]["trusted"]
        return {**cell, "metadata": metadata}
    return cell
