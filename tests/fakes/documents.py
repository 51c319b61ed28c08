"""Notebooks in memory: `Documents`, `Document`, `Cells` and `OutputSink`."""

from __future__ import annotations

import asyncio
import copy
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from jmcp.core.notices import DocumentReloaded, FileChanged, Notice
from jmcp.core.pages.pages import Way
from jmcp.core.ports import (
    Cell,
    Cells,
    CellType,
    Checkpoint,
    DocumentMode,
    FileEntry,
    FileSaves,
    Kernelspec,
    NotebookRef,
    Output,
    OutputSink,
    SaveState,
    Sharing,
    StoredCell,
)
from jmcp_api import phrases
from jmcp_api.backend_errors import (
    DirectoryMissing,
    FileExists,
    NotebookBroken,
    NotebookExists,
    NotebookMissing,
    PathRefused,
    WriteRefused,
)
from jmcp_jupyter.documents.common import nbformat_cells, paths
from jmcp_jupyter.documents.common.bounded_cells import GrowthBound
from jmcp_jupyter.documents.common.file_diagnosis import diagnose
from jmcp_jupyter.documents.common.models import check_content, complete
from jmcp_jupyter.documents.common.notebook_fields import check_storable
from jmcp_jupyter.documents.file.cells import FileCells
from jmcp_jupyter.documents.file.change_log import FileChangeLog
from tests.fakes.faults import Faults, passes

MOMENT = "2026-01-01T00:00:00Z"
CHECKPOINT = Checkpoint(checkpoint_id="checkpoint", last_modified=MOMENT)
"""Jupyter keeps one for each notebook."""


@dataclass(kw_only=True)
class _File:
    """A file as the disk has it."""

    text: str
    read_only: bool = False
    checkpoint: str | None = None


@dataclass(kw_only=True)
class _Content:
    """A notebook as its document has it. Live: shared by all; a file: its last reading.

    `text` is the file's text that it was read from or last saved as.
    """

    notebook: dict[str, Any]
    text: str
    version: int = 0
    saved_version: int | None = None
    loaded: int = 1
    log: FileChangeLog = field(default_factory=FileChangeLog)


class FakeCells(FileCells):
    """`Cells` over one content. A live document has each change at once, a file at the end."""

    def __init__(
        self,
        ref: NotebookRef,
        content: _Content,
        notices: Sequence[Notice],
        taken: Callable[[], None],
    ) -> None:
        super().__init__(ref, content.notebook, notices, content.log.changes)
        self._of = content
        self._taken = taken

    @property
    def loaded(self) -> str:
        return str(self._of.loaded) if self.mode == "live" else "file"

    @property
    def version(self) -> int:
        return self._of.version if self.mode == "live" else 0

    def _insert(self, index: int, cell_type: CellType, source: str, cell_id: str | None) -> Cell:
        cell = super()._insert(index, cell_type, source, cell_id)
        self._taken()
        return cell

    def _restore(self, index: int, stored: StoredCell) -> Cell:
        cell = super()._restore(index, stored)
        self._taken()
        return cell

    def update(self, index: int, *, raise_format: bool = True, **fields: Any) -> None:
        super().update(index, raise_format=raise_format, **fields)
        self._taken()

    def _delete(self, index: int) -> None:
        super()._delete(index)
        self._taken()

    def _move(self, index: int, to: int) -> None:
        super()._move(index, to)
        self._taken()

    def _set_kernelspec(self, name: str, display_name: str, language: str) -> None:
        super()._set_kernelspec(name, display_name, language)
        self._taken()


class PersonCells(FileCells):
    """The cells as somebody changes them who does not go through jmcp."""

    def put(self, index: int, cell: dict[str, Any]) -> None:
        self.changed = True
        self._positions = None
        self._cells.insert(index, cell)


class FakeSink:
    """`OutputSink` into one cell, found again at each write."""

    def __init__(self, documents: FakeDocuments, ref: NotebookRef, cell: Cell) -> None:
        self._documents = documents
        self._ref = ref
        self._cell = cell
        self._outputs: list[Output] | None = None
        self._count = cell.execution_count
        self._placed = 0
        self._hidden: set[int] = set()
        self.running = False
        self.closed = False
        self.taken = False

    @property
    def faults(self) -> Faults:
        return self._documents.faults

    @property
    def deleted(self) -> bool:
        return not self._documents._change_cell(self._ref, self._cell, None)

    def give_up(self) -> None:
        self.taken = True

    @contextmanager
    def together(self) -> Iterator[None]:
        yield

    def begin(self, *, keep: bool = False) -> None:
        self.running = True
        if not keep:
            self._count = None
            self.clear()

    def append(self, *outputs: Output) -> None:
        self._look()
        self._shown().extend(copy.deepcopy(outputs))
        self._put()

    def extend_text(self, position: int, text: str) -> None:
        if 0 <= position < len(self._shown()):
            self._look()
            if position in self._hidden:
                self._shown()[position]["text"] = ""
            self._hidden.discard(position)
            self._shown()[position]["text"] += text
            self._put()

    def replace(self, position: int, output: Output) -> None:
        if 0 <= position < len(self._shown()):
            self._look()
            self._hidden.discard(position)
            self._shown()[position] = copy.deepcopy(output)
            self._put()

    def clear(self) -> None:
        self._outputs, self._placed = [], 0
        self._hidden.clear()
        self._put()

    def count(self, execution_count: int | None) -> None:
        self._count = execution_count
        self._put()

    def end(self, *, running: bool = False) -> None:
        self.running = running

    async def close(self, *, running: bool = False) -> None:
        if self.closed:
            return
        try:
            await self.faults.pass_point("sink.close")
            self.end(running=running)
            if self._outputs is not None:
                self._put()
        finally:
            self.closed = True
            self._documents.held[self._ref.key] -= 1
        await self.faults.pass_point("sink.close done")

    def _shown(self) -> list[Output]:
        if self._outputs is None:
            self._outputs = []

            def take(cell: dict[str, Any]) -> None:
                self._outputs = cell["outputs"]
                self._placed = len(cell["outputs"])

            self._documents._change_cell(self._ref, self._cell, take)
        return self._outputs

    def _look(self) -> None:
        """What somebody cleared does not come back."""

        def look(cell: dict[str, Any]) -> None:
            if len(cell.get("outputs", ())) < self._placed:
                self._hidden.update(range(len(self._outputs or ())))
                self._placed = 0

        if not self.deleted:
            self._documents._look_at_cell(self._ref, self._cell, look)

    def _put(self) -> None:
        assert not self.closed, "a write after close"
        self._look()
        shown = [one for at, one in enumerate(self._shown()) if at not in self._hidden]
        outputs, count = copy.deepcopy(shown), self._count
        if not self.taken:
            self._placed = len(outputs)
            self._documents._change_cell(
                self._ref,
                self._cell,
                lambda cell: cell.update(outputs=outputs, execution_count=count),
            )


class FakeDocument:
    """`Document`: counted in `FakeDocuments.held` until it is closed."""

    def __init__(self, ref: NotebookRef, documents: FakeDocuments) -> None:
        self.ref = ref
        self.mode: DocumentMode = documents.mode
        self._documents = documents
        self._closed = False

    @property
    def faults(self) -> Faults:
        return self._documents.faults

    @passes("document.read")
    async def read(self) -> Cells:
        return self._documents._cells(self.ref)

    @asynccontextmanager
    async def edit(self) -> AsyncIterator[Cells]:
        await self.faults.pass_point("document.edit")
        async with self._documents._edit(self.ref) as cells:
            yield cells
            await self.faults.pass_point("document.edit done")

    async def outputs(self, cell: Cell) -> OutputSink:
        await self.faults.pass_point("document.outputs")
        # Whoever fails later holds nothing.
        await self.faults.pass_point("document.outputs done")
        self._documents.held[self.ref.key] += 1
        return FakeSink(self._documents, self.ref, cell)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._documents.held[self.ref.key] -= 1


class FakeDocuments:
    """`Documents` over files in memory, all of them live or all of them files.

    The test is the disk and the other people: `write`, `type_over`, `rename`, `delete`. `held`
    counts by key who holds a document; when nothing runs it is 0 everywhere.
    """

    def __init__(self, mode: DocumentMode = "live", faults: Faults | None = None) -> None:
        self.mode: DocumentMode = mode
        self.faults = faults or Faults()
        self.session = "first"
        self.max_bytes: int | None = None
        """What the file of each notebook may have."""
        self.held: Counter[str] = Counter()
        self.closed = False
        self.file_saves: FileSaves | None = None
        self.beside: set[str] = set()
        """Paths of notebooks that a page has open by their files."""
        self.hides_checkpoints = False
        """Whether what is in a checkpoint is seen only when it is restored, as over HTTP."""
        self._expected: str | None = None
        self._files: dict[str, _File] = {}
        self._directories = {""}
        self._keys: dict[str, str] = {}
        self._deleted: dict[str, str] = {}
        self._contents: dict[str, _Content] = {}
        self._editing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    # -- the disk and other people -----------------------------------------------------------------

    def write(self, path: str, *sources: str, minor: int = 5, **metadata: Any) -> None:
        """A notebook of code cells, with ids c0, c1 ... from nbformat 4.5 on."""
        cells = [
            nbformat_cells.new_cell("code", source, f"c{i}") for i, source in enumerate(sources)
        ]
        if minor < 5:
            for cell in cells:
                del cell["id"]
        notebook = {"nbformat": 4, "nbformat_minor": minor, "metadata": metadata, "cells": cells}
        self.put_text(path, json.dumps(notebook))

    def put_text(self, path: str, text: str) -> None:
        self.make_directory(path.rpartition("/")[0])
        self._files[path] = _File(text=text)

    def make_directory(self, path: str) -> None:
        parts = path.split("/")
        self._directories |= {"/".join(parts[:count]) for count in range(1, len(parts) + 1)}

    def make_read_only(self, path: str) -> None:
        self._files[path].read_only = True

    def text(self, path: str) -> str | None:
        """What the file holds now; None when there is none."""
        file = self._files.get(path)
        return None if file is None else file.text

    def sources(self, path: str) -> list[str]:
        """What the file holds now, which for a live document is what was saved last."""
        return [
            cell["source"] for cell in _parsed(path, self._files[path].text, live=False)["cells"]
        ]

    def type_over(self, path: str, cell_id: str, source: str) -> None:
        """What a person does in JupyterLab: in the shared document, or in the file."""
        with self._by_person(path) as cells:
            cells.set_source(_index(cells, cell_id), source)

    def put_in(self, path: str, index: int, source: str, cell_id: str) -> None:
        """A person inserts a code cell. Without ids in the notebook, the cell has none either."""
        with self._by_person(path) as cells:
            inserted = nbformat_cells.new_cell("code", source, cell_id)
            if len(cells) and cells.get(0).cell_id is None:
                del inserted["id"]
            cells.put(index, inserted)

    def take_out(self, path: str, cell_id: str) -> None:
        """A person deletes a cell."""
        with self._by_person(path) as cells:
            cells.delete(_index(cells, cell_id))

    def drag(self, path: str, cell_id: str, to: int) -> None:
        """A person moves a cell so that its index afterwards is `to`."""
        with self._by_person(path) as cells:
            cells.move(_index(cells, cell_id), to)

    def show(self, path: str, cell_id: str, *outputs: Output) -> None:
        """A person ran a cell, which shows that now."""
        with self._by_person(path) as cells:
            cells.update(_index(cells, cell_id), outputs=list(outputs), execution_count=1)

    @contextmanager
    def _by_person(self, path: str) -> Iterator[PersonCells]:
        ref = self._identify(path)
        file = self._files[path]
        live = self.mode == "live"
        notebook = self._content(ref).notebook if live else _parsed(path, file.text, live=False)
        cells = PersonCells(ref, notebook)
        yield cells
        if live:
            self._take(ref, self._content(ref), cells)
        else:
            file.text = json.dumps(cells.content())

    def replace(self, path: str, *sources: str) -> str:
        """Another program writes the file, and a live document is loaded from it; the code of the
        notice that says so."""
        self.write(path, *sources)
        if self.mode == "file":
            return FileChanged.code
        content = self._content(self._identify(path))
        content.text = self._files[path].text
        content.notebook = _parsed(path, content.text, live=self.mode == "live")
        content.version += 1
        content.loaded += 1
        content.log.follow(content.notebook["cells"])
        content.log.changes.replace()
        return DocumentReloaded.code

    def merge(self, path: str, index: int, source: str, cell_id: str) -> None:
        """Another program writes a text into the file that collides with the cell above `index`,
        and a live document has it as a cell."""
        self.put_in(path, index, source, cell_id)
        self._content(self._identify(path)).log.changes.merge([cell_id])

    def rename(self, path: str, to: str) -> None:
        self._files[to] = self._files.pop(path)
        self._keys = {key: to if known == path else known for key, known in self._keys.items()}

    def delete(self, path: str) -> None:
        """Also by somebody who goes behind Jupyter's back."""
        del self._files[path]
        for key in [key for key, known in self._keys.items() if known == path]:
            del self._keys[key]
            self._contents.pop(key, None)
            self._deleted[key] = path

    def reload(self, path: str) -> None:
        """The live document is made anew from the file, as after a restart of Jupyter."""
        key = self._identify(path).key
        before = self._contents.pop(key, None)
        if before is not None:
            self._content(self._identify(path)).loaded = before.loaded + 1

    # -- the port ----------------------------------------------------------------------------------

    async def server_session(self) -> str:
        return self.session

    @passes("documents.identify")
    async def identify(self, path: str) -> NotebookRef:
        return self._identify(path)

    @passes("documents.current")
    async def current(self, key: str) -> NotebookRef:
        path = self._keys.get(key)
        if path is None or path not in self._files:
            raise paths.moved_away(path or self._deleted.get(key))
        return NotebookRef(key=key, path=path)

    @passes("documents.create")
    async def create(
        self,
        path: str,
        kernelspec: Kernelspec | None = None,
        *,
        cells: Sequence[StoredCell] = (),
    ) -> NotebookRef:
        target = self._checked(path)
        directory = target.rpartition("/")[0]
        if directory not in self._directories:
            raise DirectoryMissing.nothing_there(path=directory)
        if target in self._files:
            raise NotebookExists.file_there(path=target)
        notebook = nbformat_cells.new_notebook(kernelspec, cells)
        self._files[target] = _File(text=json.dumps(notebook))
        return self._identify(target)

    @passes("documents.create_directory")
    async def create_directory(self, path: str) -> None:
        directory = paths.normalise(path)
        if paths.looks_hidden(directory):
            raise PathRefused.hidden(path=path)
        if directory in self._files:
            raise WriteRefused.not_written(path=directory, reason=phrases.name_of_file())
        self.make_directory(directory)

    inside = True
    url = "http://fake/"

    @passes("documents.sharing")
    async def sharing(self) -> Sharing:
        live = self.mode == "live"
        way: Way = "collaboration" if live else "file"
        provider = "fake" if live else None
        return Sharing(
            mode=self.mode, provider=provider, way=way, version="2.16.0", jmcp=self.inside
        )

    @passes("documents.check_file")
    async def check_file(self, path: str, *, overwrite: bool) -> str:
        return self._free(path, overwrite=overwrite)

    @passes("documents.write_file")
    async def write_file(self, path: str, data: bytes, *, overwrite: bool) -> None:
        target = self._free(path, overwrite=overwrite)
        self._files[target] = _File(text=data.decode("utf-8", "surrogateescape"))

    def _free(self, path: str, *, overwrite: bool) -> str:
        target = paths.normalise(path)
        if paths.looks_hidden(target):
            raise PathRefused.hidden(path=target)
        directory = target.rpartition("/")[0]
        if directory not in self._directories:
            raise DirectoryMissing.nothing_there(path=directory)
        if target in self._files and not overwrite:
            raise FileExists.there(path=target)
        return target

    async def open(self, ref: NotebookRef) -> FakeDocument:
        await self.faults.pass_point("documents.open")
        self._content(ref)
        # Whoever fails later holds nothing.
        await self.faults.pass_point("documents.open done")
        self.held[ref.key] += 1
        return FakeDocument(ref, self)

    @passes("documents.glance")
    async def glance(self, ref: NotebookRef) -> Cells:
        if self.mode == "live" and ref.key in self._contents:
            return self._cells(ref)
        file = self._files.get(ref.path)
        if file is None:
            raise NotebookMissing.nothing_there(path=ref.path)
        return FileCells(ref, _parsed(ref.path, file.text, live=False))

    def opened_beside(self, key: str) -> bool:
        return self._keys.get(key) in self.beside

    def save_state(self, key: str) -> SaveState:
        content = self._contents.get(key)
        if self.mode == "file" or content is None:
            return "saved"
        return "saved" if content.saved_version == content.version else "pending"

    @passes("documents.save")
    async def save(self, ref: NotebookRef) -> SaveState:
        path = self._keys.get(ref.key)
        if path is None or path not in self._files:
            raise paths.moved_away(path)
        content = self._content(NotebookRef(key=ref.key, path=path))
        if self.mode == "live" and not self._files[path].read_only:
            content.text = self._files[path].text = json.dumps(content.notebook)
            content.saved_version = content.version
        return self.save_state(ref.key)

    @passes("documents.on_disk")
    async def on_disk(self, ref: NotebookRef) -> Mapping[str, Any]:
        return _parsed(ref.path, self._files[ref.path].text, live=False)

    @passes("documents.checkpoints")
    async def checkpoints(self, ref: NotebookRef) -> Sequence[Checkpoint]:
        return [] if self._files[ref.path].checkpoint is None else [CHECKPOINT]

    @passes("documents.create_checkpoint")
    async def create_checkpoint(self, ref: NotebookRef) -> Checkpoint:
        file = self._files[ref.path]
        file.checkpoint = file.text
        return CHECKPOINT

    @passes("documents.checkpoint")
    async def checkpoint(self, ref: NotebookRef, checkpoint_id: str) -> Mapping[str, Any] | None:
        return None if self.hides_checkpoints else self._kept(ref)

    @passes("documents.restored")
    async def restored(
        self, ref: NotebookRef, checkpoint_id: str
    ) -> tuple[Mapping[str, Any], bool]:
        kept = self._kept(ref)
        if self.hides_checkpoints:
            file = self._files[ref.path]
            file.text = file.checkpoint or ""
            self._expected = file.text
        return kept, self.hides_checkpoints

    def _kept(self, ref: NotebookRef) -> dict[str, Any]:
        return _parsed(ref.path, self._files[ref.path].checkpoint or "", live=False)

    def saved_version(self, key: str) -> int | None:
        content = self._contents.get(key)
        return None if self.mode == "file" or content is None else content.saved_version

    @property
    def opened(self) -> int:
        return len(self._contents) if self.mode == "live" else 0

    @passes("documents.list_directory")
    async def list_directory(self, path: str) -> Sequence[FileEntry]:
        directory = paths.normalise(path)
        if paths.looks_hidden(directory):
            raise PathRefused.hidden(path=path)
        if directory not in self._directories:
            raise DirectoryMissing.nothing_there(path=directory)
        names = sorted({*self._files, *(self._directories - {""})})
        inside = [name for name in names if name.rpartition("/")[0] == directory]
        return [self._entry(name) for name in inside if not paths.looks_hidden(name)]

    async def close(self) -> None:
        self.closed = True

    # -- what documents and sinks ask --------------------------------------------------------------

    def _entry(self, path: str) -> FileEntry:
        file = self._files.get(path)
        kind = "directory" if file is None else "notebook" if path.endswith(".ipynb") else "file"
        return FileEntry(
            path=path,
            type=kind,  # type: ignore[arg-type] # one of three literals
            size=None if file is None else len(file.text),
            last_modified=MOMENT,
            created=MOMENT,
            writable=file is None or not file.read_only,
        )

    def _checked(self, path: str) -> str:
        normal = paths.notebook_path(path)
        if paths.looks_hidden(normal):
            raise PathRefused.hidden(path=path)
        if normal in self._directories:
            raise PathRefused.directory(path=path)
        return normal

    def _identify(self, path: str) -> NotebookRef:
        normal = self._checked(path)
        if normal not in self._files:
            raise NotebookMissing.nothing_there(path=normal)
        for key, known in self._keys.items():
            if known == normal:
                return NotebookRef(key=key, path=normal)
        key = f"key-{len(self._keys) + len(self._deleted)}"
        self._keys[key] = normal
        return NotebookRef(key=key, path=normal)

    def _content(self, ref: NotebookRef) -> _Content:
        if self.mode == "live":  # a shared document does not care where its file is by now
            ref = NotebookRef(key=ref.key, path=self._keys.get(ref.key, ref.path))
        file = self._files.get(ref.path)
        if file is None:
            raise NotebookMissing.nothing_there(path=ref.path)
        known = self._contents.get(ref.key)
        if known is not None and (self.mode == "live" or known.text == file.text):
            return known
        notebook = _parsed(ref.path, file.text, live=self.mode == "live")
        if known is None:
            known = self._contents[ref.key] = _Content(notebook=notebook, text=file.text)
        else:
            known.notebook, known.text = notebook, file.text
            known.log.changes.replace()
        known.log.follow(notebook["cells"])
        return known

    def _cells(self, ref: NotebookRef, taken: Callable[[], None] = lambda: None) -> FakeCells:
        content = self._content(ref)
        cells = FakeCells(ref, content, (), taken)
        cells.mode = self.mode
        if self.max_bytes is not None:
            size = len(json.dumps(content.notebook))
            bound = GrowthBound(size=size, limit=self.max_bytes)
            cells.look = lambda: bound
        return cells

    @asynccontextmanager
    async def _edit(self, ref: NotebookRef) -> AsyncIterator[FakeCells]:
        async with self._editing[ref.key]:
            if self.mode == "file" and self._files[ref.path].read_only:
                raise WriteRefused.read_only(path=ref.path)
            content = self._content(ref)
            before = content.text

            def take() -> None:
                if self.mode == "live":
                    self._take(ref, content, cells)

            cells = self._cells(ref, take)
            yield cells
            if self.mode == "file" and cells.changed:
                if self._files[ref.path].text not in (before, self._expected):
                    raise WriteRefused.changed_on_disk(path=ref.path)
                self._take(ref, content, cells)

    def _take(self, ref: NotebookRef, content: _Content, cells: FileCells) -> None:
        """The document has what the cells hold now."""
        content.notebook = cells.content()
        content.version += 1
        content.log.follow(list(content.notebook["cells"]))
        if self.mode == "file":
            content.text = self._files[ref.path].text = json.dumps(content.notebook)

    def _look_at_cell(
        self, ref: NotebookRef, cell: Cell, look: Callable[[dict[str, Any]], None]
    ) -> None:
        """The same without a change."""
        notebook = self._content(NotebookRef(key=ref.key, path=self._keys[ref.key])).notebook
        index = FileCells(ref, notebook).find(cell.cell_id) if cell.cell_id else cell.index
        if index is not None and index < len(notebook["cells"]):
            look(dict(notebook["cells"][index]))

    def _change_cell(
        self, ref: NotebookRef, cell: Cell, change: Callable[[dict[str, Any]], None] | None
    ) -> bool:
        """Change one cell of a run, or only look for it; False when it is no more."""
        path = self._keys.get(ref.key)
        if path is None or path not in self._files:
            return False
        now = NotebookRef(key=ref.key, path=path)
        content = self._content(now)
        cells = FileCells(now, content.notebook)
        index = cells.find(cell.cell_id) if cell.cell_id is not None else cell.index
        if index is None or index >= len(cells):
            return False
        if cell.cell_id is None and cells.get(index).source != cell.source:
            return False
        if change is None:
            return True
        changed = copy.deepcopy(dict(content.notebook["cells"][index]))
        change(changed)
        cells.update(index, raise_format=False, **nbformat_cells.storable(changed))
        self._take(now, content, cells)
        return True


def _index(cells: Cells, cell_id: str) -> int:
    index = cells.find(cell_id)
    assert index is not None, cell_id
    return index


def _parsed(path: str, text: str, *, live: bool) -> dict[str, Any]:
    try:
        notebook = json.loads(text)
    except ValueError as error:
        raise diagnose(path, text.encode()) or NotebookBroken.unreadable(path=path) from error
    check_content(path, notebook)
    if live:
        check_storable(path, notebook, finite=False)
    complete(notebook)
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return dict(notebook)
