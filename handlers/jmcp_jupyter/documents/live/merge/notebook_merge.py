"""A merge of three versions of one notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jmcp.core.editing.line_diff import DiffBudget
from jmcp.core.editing.order import moved
from jmcp_jupyter.documents.common.nbformat_cells import has_ids, new_id
from jmcp_jupyter.documents.live.merge.cell_merge import (
    StoredCell,
    has_work,
    is_same,
    merged_cell,
    merged_keys,
)
from jmcp_jupyter.documents.live.merge.cell_order import merged_order
from jmcp_jupyter.documents.live.merge.cell_pairs import StoredCells, paired
from jmcp_jupyter.documents.live.merge.report import CellPlace, Collision, MergeReport

Notebook = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCell:
    """A cell of the merged notebook; `index` is where the document has it (None: nowhere yet)."""

    cell: StoredCell
    index: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """The merged notebook, and what was taken for it."""

    cells: Sequence[PlannedCell]
    metadata: Mapping[str, Any]
    nbformat: int
    nbformat_minor: int
    report: MergeReport

    def content(self) -> dict[str, Any]:
        """The notebook as a file has it."""
        cells = [dict(planned.cell) for planned in self.cells]
        for cell in cells:
            if has_ids(self.nbformat_minor):
                cell.setdefault("id", new_id())
            else:
                cell.pop("id", None)
        return {
            "cells": cells,
            "metadata": dict(self.metadata),
            "nbformat": self.nbformat,
            "nbformat_minor": self.nbformat_minor,
        }


def merged(
    base: Notebook, mine: Notebook, theirs: Notebook, new_id: Callable[[], str] = new_id
) -> Merge:
    """What both sides made of `base`: `mine` is the document, `theirs` the file or another copy.

    Each is a notebook as a document has it (`normalised`). Nothing that either side typed or put in
    is lost: what one side changed stands; a cell that one side deleted and the other edited or ran
    stays; where both changed the same lines of a cell, mine keeps it, and theirs is a cell below.
    """
    return _NotebookMerge(base, mine, theirs, new_id).made()


@dataclass(slots=True)
class _Node:
    """One cell in three versions, by its index in each."""

    base: int | None = None
    mine: int | None = None
    theirs: int | None = None


@dataclass(slots=True)
class _Found:
    """What the report will have, by node."""

    changed: list[int] = field(default_factory=list)
    inserted: list[int] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    collided: list[tuple[int, int]] = field(default_factory=list)


class _NotebookMerge:
    def __init__(
        self, base: Notebook, mine: Notebook, theirs: Notebook, new_id: Callable[[], str]
    ) -> None:
        self._versions = base, mine, theirs
        self._base: StoredCells = base["cells"]
        self._mine: StoredCells = mine["cells"]
        self._theirs: StoredCells = theirs["cells"]
        self._new_id = new_id
        self._budget = DiffBudget()
        self._nodes = self._matched()
        self._cells: dict[int, StoredCell] = {}
        self._found = _Found()

    def made(self) -> Merge:
        for number, node in enumerate(self._nodes):
            self._merge(number, node)
        order = self._order()
        self._below(order)
        self._give_ids()
        base, mine, theirs = self._versions
        keys = merged_keys(*(_meta(version) for version in self._versions))
        metadata = merged_keys(base["metadata"], mine["metadata"], theirs["metadata"])
        cells = [
            PlannedCell(cell=self._cells[number], index=self._nodes[number].mine)
            for number in order
        ]
        same = keys == _meta(mine) and metadata == mine["metadata"]
        return Merge(
            cells=cells,
            metadata=metadata,
            nbformat=keys["nbformat"],
            nbformat_minor=keys["nbformat_minor"],
            report=self._report(order, cells, metadata=not same),
        )

    def _matched(self) -> list[_Node]:
        """A node for each cell, those of the base first."""
        nodes = [_Node(base=at) for at in range(len(self._base))]
        for at, own in paired(self._base, self._mine).items():
            nodes[at].mine = own
        for at, other in paired(self._base, self._theirs).items():
            nodes[at].theirs = other
        known = {node.mine for node in nodes}
        left = [at for at in range(len(self._mine)) if at not in known]
        known = {node.theirs for node in nodes}
        others = [at for at in range(len(self._theirs)) if at not in known]
        # What both have put in: with one id, or without ids the same text.
        both = paired([self._mine[at] for at in left], [self._theirs[at] for at in others])
        both = {left[own]: others[other] for own, other in both.items()}
        both = {own: other for own, other in both.items() if self._is_one(own, other)}
        nodes += [_Node(mine=at, theirs=both.get(at)) for at in left]
        put = set(both.values())
        return nodes + [_Node(theirs=at) for at in others if at not in put]

    def _is_one(self, mine: int, theirs: int) -> bool:
        own, other = self._mine[mine], self._theirs[theirs]
        if own.get("id") and other.get("id") and has_ids(self._versions[1]["nbformat_minor"]):
            return str(own["id"]) == str(other["id"])
        return _text(own) == _text(other)

    def _merge(self, number: int, node: _Node) -> None:
        """Decide what becomes of one cell."""
        base = None if node.base is None else self._base[node.base]
        mine = None if node.mine is None else self._mine[node.mine]
        theirs = None if node.theirs is None else self._theirs[node.theirs]
        found = self._found
        if mine is not None and theirs is not None:
            made = merged_cell(base, mine, theirs, self._budget)
            self._cells[number] = made.cell
            if made.collided:
                found.collided.append((number, -1))
            elif made.cell != mine:
                found.changed.append(number)
        elif mine is not None:
            if base is not None and not has_work(base, mine):
                found.deleted.append(number)
                return
            self._cells[number] = mine
            if base is not None:
                found.kept.append(number)
        elif theirs is not None and (base is None or has_work(base, theirs)):
            self._cells[number] = theirs
            (found.inserted if base is None else found.returned).append(number)

    def _order(self) -> list[int]:
        """The numbers of the cells that stay, in the order of the merged notebook."""
        places: list[dict[int, int]] = [{}, {}, {}]
        for number, node in enumerate(self._nodes):
            if number in self._cells:
                for version, at in zip(places, (node.base, node.mine, node.theirs), strict=True):
                    if at is not None:
                        version[at] = number
        base, mine, theirs = ([version[at] for at in sorted(version)] for version in places)
        return merged_order(base, mine, theirs)

    def _below(self, order: list[int]) -> None:
        """Put the other's version of a cell below it, unless it is among what mine has put in."""
        known: dict[tuple[str, str], int] = {}
        for number, node in enumerate(self._nodes):
            if node.base is None and node.mine is not None and node.theirs is None:
                known.setdefault(_text(self._mine[node.mine]), number)
        for at, (number, _) in enumerate(self._found.collided):
            node = self._nodes[number]
            assert node.theirs is not None
            theirs = self._theirs[node.theirs]
            copy = known.get(_text(theirs))
            if copy is None:
                copy = len(self._nodes)
                self._nodes.append(_Node())
                self._cells[copy] = {**theirs, "id": self._new_id()}
                order.insert(order.index(number) + 1, copy)
            self._found.collided[at] = number, copy

    def _give_ids(self) -> None:
        """Give another id to each cell that is new to the document and has one that is taken."""
        seen: set[str] = set()
        new: list[int] = []
        for number, cell in self._cells.items():
            own = self._nodes[number].mine
            if own is not None and cell.get("id") == self._mine[own].get("id"):
                seen.add(cell.get("id", ""))
            elif cell.get("id"):
                new.append(number)
        for number in new:
            cell = self._cells[number]
            if cell["id"] in seen:
                cell = self._cells[number] = {**cell, "id": self._new_id()}
            seen.add(cell["id"])

    def _report(
        self, order: Sequence[int], cells: Sequence[PlannedCell], *, metadata: bool
    ) -> MergeReport:
        found = self._found
        places = {number: at for at, number in enumerate(order)}

        def place(number: int) -> CellPlace:
            cell = self._cells.get(number)
            if cell is None:
                cell = self._mine[self._nodes[number].mine or 0]
            return CellPlace(index=places.get(number), cell_id=cell.get("id"))

        return MergeReport(
            changed=tuple(map(place, found.changed)),
            inserted=tuple(map(place, found.inserted)),
            deleted=tuple(map(place, found.deleted)),
            kept=tuple(map(place, found.kept)),
            returned=tuple(map(place, found.returned)),
            collided=tuple(
                Collision(cell=place(number), copy=place(copy)) for number, copy in found.collided
            ),
            moved=bool(moved([one.index for one in cells if one.index is not None])),
            metadata=metadata,
            gone=tuple(
                self._base[node.base]
                for node in self._nodes
                if node.base is not None and node.theirs is None
            ),
        )


def is_equal(one: Notebook, other: Notebook) -> bool:
    """Whether a file would have the same of both; `other` may lack ids that a document gave."""
    if _meta(one) != _meta(other) or one["metadata"] != other["metadata"]:
        return False
    if len(one["cells"]) != len(other["cells"]):
        return False
    ids = has_ids(one["nbformat_minor"])
    return all(
        is_same(a, b) and (not ids or not b.get("id") or a.get("id") == b["id"])
        for a, b in zip(one["cells"], other["cells"], strict=True)
    )


def _meta(notebook: Notebook) -> dict[str, Any]:
    return {key: notebook[key] for key in ("nbformat", "nbformat_minor")}


def _text(cell: StoredCell) -> tuple[str, str]:
    return cell["cell_type"], cell["source"]
