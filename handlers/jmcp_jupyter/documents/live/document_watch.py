"""What jmcp keeps about a live document from its events: versions, and its cells as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import NoneType
from typing import Any, Protocol

from pycrdt import Array, ArrayEvent, Map, MapEvent

from jmcp.core.editing.change_log import ChangeLog
from jmcp.core.ports import ERROR_AMONG_LAST, Cell
from jmcp_jupyter.documents.common import nbformat_cells
from jmcp_jupyter.documents.live.y_data import ename_of

RUN_KEYS = frozenset({"execution_count", "execution_state"})
"""Keys of a cell that a run changes, beside its outputs."""


class CellListener(Protocol):
    """Must neither raise nor change the document: it is in the middle of a change."""

    def on_cell_changed(self, keys: Mapping[str, Any]) -> None:
        """These keys of the cell changed, or something below them; with what pycrdt tells of each."""

    def on_cell_inserted(self) -> None:
        """A cell with the id was put into the notebook."""


class DocumentWatch:
    """Follows one Y notebook. `version` counts changes of cells and metadata, by anyone.

    Its observers must not raise: pycrdt would raise that in whoever made the change.
    """

    def __init__(
        self,
        cells: Array[Any],
        meta: Map[Any],
        reloading: Callable[[], bool],
        version: int = 0,
    ) -> None:
        self.version = version
        self.reloads = 0
        """Counts changes that the room made itself, from the file."""
        self.moves = 0
        """Counts changes of which cells there are, and where, and of what their ids are."""
        self.changes = ChangeLog()
        self.on_change: Callable[[], None] = lambda: None
        self.on_cells: list[Callable[[list[Any]], None]] = []
        """Told of the events of a change of cells, within it."""
        self.listeners: dict[str, list[CellListener]] = {}
        """By cell id, who is told what becomes of that cell."""
        self._reloading = reloading
        self._cells = cells
        self._meta = meta
        self._ids: list[str | None] | None = None
        self._positions: dict[str, int] | None = None
        self._snapshots: list[Cell | None] = []
        self._contents: list[dict[str, Any] | None] = []
        self.metadata: Mapping[str, Any] | None = None
        """The notebook's metadata, if somebody has read them and they have not changed since."""
        self._has_ids: bool | None = None
        self._duplicates: tuple[str, ...] = ()
        self._on_cells = cells.observe_deep(self._cells_changed)
        self._on_meta = meta.observe_deep(self._meta_changed)

    def follow(self, before: DocumentWatch) -> None:
        """Go on with what was known of the same document over an earlier connection. Which cells
        were changed meanwhile is not known."""
        self.reloads = before.reloads
        self.changes = before.changes
        self.changes.forget()

    def close(self) -> None:
        self._cells.unobserve(self._on_cells)
        self._meta.unobserve(self._on_meta)

    def find(self, cell_id: str) -> int | None:
        """The index of the first cell with that id, whatever the nbformat."""
        return self._index().get(cell_id)

    def id_at(self, index: int) -> str | None:
        """The id of the cell there; None without one, and where there is no cell."""
        self._index()
        return self._ids[index] if self._ids is not None and index < len(self._ids) else None

    @property
    def count(self) -> int | None:
        """How many cells there are, where that is known without asking. Not within a transaction,
        whose changes are not told yet."""
        return None if self._ids is None else len(self._ids)

    @property
    def has_ids(self) -> bool:
        """Whether its nbformat gives cells ids, which is from 4.5 on."""
        if self._has_ids is None:
            self._has_ids = nbformat_cells.has_ids(self._meta.get("nbformat_minor"))
        return self._has_ids

    def snapshot(self, index: int) -> Cell | None:
        """That cell without its outputs, if it was remembered and has not changed since."""
        return self._snapshots[index] if index < len(self._snapshots) else None

    def remember(self, cell: Cell) -> None:
        """Keep a cell as it is now: reading one from shared data takes ten times as long.

        Within a transaction there is nothing to be kept, for its changes are not told yet.
        """
        _put(self._snapshots, cell.index, cell)

    def content(self, index: int) -> dict[str, Any] | None:
        """That cell as a file has it, if it was remembered and has not changed since."""
        return self._contents[index] if index < len(self._contents) else None

    def remember_content(self, index: int, content: dict[str, Any]) -> None:
        """Keep a cell as a file has it, for the next save."""
        _put(self._contents, index, content)

    def _forget(self, index: int, event: Any) -> None:
        """Forget a cell that changed; what a run does to it is known without reading it again."""
        if index < len(self._contents):
            self._contents[index] = None
        if index < len(self._snapshots) and (cell := self._snapshots[index]) is not None:
            self._snapshots[index] = _after(cell, event)

    def duplicates(self) -> tuple[str, ...]:
        """Ids that more than one cell has."""
        self._index()
        return self._duplicates

    def _index(self) -> dict[str, int]:
        if self._positions is None:
            if self._ids is None:
                self._ids = [_id(cell) for cell in self._cells]
            positions: dict[str, int] = {}
            duplicates: set[str] = set()
            for index, cell_id in enumerate(self._ids):
                if cell_id is None:
                    continue
                if positions.setdefault(cell_id, index) != index:
                    duplicates.add(cell_id)
            self._positions, self._duplicates = positions, tuple(sorted(duplicates))
        return self._positions

    def _cells_changed(self, events: list[Any]) -> None:
        self.version += 1
        self.reloads += self._reloading()
        sources = []
        for event in events:
            path = event.path
            if not path:
                self._moved(event.delta)
                continue
            self._forget(path[0], event)
            if len(path) == 1 and isinstance(event, MapEvent):
                keys = changed_keys(event)
                if "id" in keys:
                    self.moves += 1
                    self._ids = self._positions = None
                if "source" in keys:
                    sources.append(path[0])
            elif len(path) == 2 and path[1] == "source":
                sources.append(path[0])
        # Paths have the indices of after the transaction, as the ids do by now.
        self._touch(sources)
        for tell in self.on_cells:
            tell(events)
        if self.listeners:
            self._tell_listeners(events)
        self.on_change()

    def _tell_listeners(self, events: list[Any]) -> None:
        self._index()
        for event in events:
            path = event.path
            if not path:
                for step in event.delta:
                    for cell in step.get("insert", ()):
                        for listener in self._listeners_of(_id(cell)):
                            listener.on_cell_inserted()
            elif self._ids is not None and path[0] < len(self._ids):
                keys = changed_keys(event) if len(path) == 1 else {path[1]: None}
                for listener in self._listeners_of(self._ids[path[0]]):
                    listener.on_cell_changed(keys)

    def _listeners_of(self, cell_id: str | None) -> tuple[CellListener, ...]:
        return tuple(self.listeners.get(cell_id, ())) if cell_id is not None else ()

    def _meta_changed(self, events: list[Any]) -> None:
        self.version += 1
        self._has_ids = self.metadata = None
        self._snapshots.clear()
        self._contents.clear()
        self.on_change()

    def _touch(self, indices: list[int]) -> None:
        if self._ids is None:
            self.changes.forget()
            return
        ids = (self._ids[index] for index in indices if index < len(self._ids))
        self.changes.add(cell_id for cell_id in ids if cell_id is not None)

    def _contents_moved(self, delta: list[dict[str, Any]]) -> None:
        """A cell keeps its content wherever it stands."""
        at = 0
        for step in delta:
            if "retain" in step:
                at += int(step["retain"])
            elif "delete" in step:
                del self._contents[at : at + int(step["delete"])]
            elif "insert" in step:
                if at < len(self._contents):
                    self._contents[at:at] = [None] * len(step["insert"])
                at += len(step["insert"])

    def _moved(self, delta: list[dict[str, Any]]) -> None:
        self.moves += 1
        positions, self._positions = self._positions, None
        # From the first place that changed on: what stands below has another index now.
        first = int(delta[0].get("retain", 0)) if delta else 0
        del self._snapshots[first:]
        self._contents_moved(delta)
        if self._ids is None:
            return
        known = len(self._ids)
        at = 0
        changed: list[str | None] = []
        for step in delta:
            if "retain" in step:
                at += int(step["retain"])
            elif "delete" in step:
                stop = at + int(step["delete"])
                changed += self._ids[at:stop]
                del self._ids[at:stop]
            elif "insert" in step:
                inserted = [_id(cell) for cell in step["insert"]]
                changed += inserted
                self._ids[at:at] = inserted
                at += len(inserted)
        self.changes.add((one for one in changed if one is not None), placed=True)
        if positions is not None and first == known:  # behind all others
            self._positions = self._appended(positions, known)

    def _appended(self, positions: dict[str, int], known: int) -> dict[str, int] | None:
        """The index of the ids, of which those from the `known`th on are new; None where one of
        them repeats another one."""
        for index, cell_id in enumerate((self._ids or [])[known:], known):
            if cell_id is None:
                continue
            if positions.setdefault(cell_id, index) != index:
                return None
        return positions


def _put(kept: list[Any], index: int, value: Any) -> None:
    if index >= len(kept):
        kept.extend([None] * (index + 1 - len(kept)))
    kept[index] = value


def _after(cell: Cell, event: Any) -> Cell | None:
    """A code cell without its outputs after a change of it; None where it has to be read again."""
    path = event.path
    if cell.cell_type != "code":
        return None
    if len(path) == 1 and isinstance(event, MapEvent):
        keys = changed_keys(event)
        if not keys.keys() <= RUN_KEYS:
            return None
        if "execution_count" not in keys:
            return cell
        count = keys["execution_count"].get("newValue")
        if isinstance(count, float) and count.is_integer():
            count = int(count)
        if not isinstance(count, (int, NoneType)):
            return None
        return replace(cell, execution_count=count)
    if path[1] == "outputs":
        if len(path) > 3:  # the text of one
            return cell
        return _with_outputs(cell, event) if isinstance(event, ArrayEvent) else None
    return cell if path[1] == "metadata" else None


def _with_outputs(cell: Cell, event: Any) -> Cell | None:
    """A cell after its outputs were replaced, or some added to them; None after other changes."""
    steps: list[dict[str, Any]] = event.delta
    kept = sum(int(step.get("retain", 0)) for step in steps)
    deleted = sum(int(step.get("delete", 0)) for step in steps)
    added = steps[-1].get("insert", ()) if steps else ()
    before = cell.output_count
    if deleted != before and (deleted or kept != before or cell.ename is not None):
        return None
    if any("insert" in step for step in steps[:-1]):
        return None
    count = before - deleted + len(added)
    return replace(cell, output_count=count, ename=ename_of(added[-ERROR_AMONG_LAST:]))


def changed_keys(event: Any) -> dict[str, Any]:
    """The keys that an event of a map is about."""
    changed: dict[str, Any] = event.keys  # an attribute that pycrdt's types leave out
    return changed


def _id(cell: Any) -> str | None:
    cell_id = cell.get("id") if isinstance(cell, Map) else None
    return cell_id if isinstance(cell_id, str) else None
