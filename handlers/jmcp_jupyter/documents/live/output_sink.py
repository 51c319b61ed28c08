"""Outputs of a run, written into a live cell wherever it moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pycrdt import Array, Map, Text

from jmcp.core.ports import Output
from jmcp_jupyter.documents.common.nbformat_cells import storable
from jmcp_jupyter.documents.live.document_watch import DocumentWatch
from jmcp_jupyter.documents.live.room import Room
from jmcp_jupyter.documents.live.sent_outputs import SentOutput, outputs_of, placed_at, put
from jmcp_jupyter.documents.live.shared_notebook import SharedNotebook
from jmcp_jupyter.documents.live.y_data import append_text, from_y, value_of

RETURN_SECONDS = 300.0
"""Seconds after a run's end in which its cell may come back, by undo or from the change journal."""

STALE_SECONDS = 2.0
"""Seconds after a run's end in which the tab of a run before it may still write into its cell."""

LOOK_SECONDS = 0.25
"""Seconds after which a running cell that others wrote into is looked at, unless its run writes
before: to compare all outputs with each line that somebody prints takes too long."""

Change = Callable[[Map[Any], Array[Any]], None]
"""Changes a cell, which comes with its outputs."""


class LiveSink:
    """`ports.OutputSink` on a cell of the shared document. Takes over one hold of `opened`.

    Keeps what it wrote: moving a cell makes a new one with the same id from what the mover had
    seen, a lost connection leaves a document behind, and the sink writes its outputs again where
    the cell that is there now lacks some.

    A person who runs the cell meanwhile has it from then on. Where a person's run was first, its tab
    may still write: what it writes is replaced, until STALE_SECONDS after the end. A cell that is gone
    at the end and comes back within RETURN_SECONDS gets all that it lacks.
    """

    def __init__(self, opened: Room, cell_id: str | None, *, trust: bool) -> None:
        self._opened = opened
        self._document: SharedNotebook = opened.document
        self._id = cell_id
        self._trust = trust
        self._cell: Map[Any] | None = None
        self._made_anew = False
        """Whether a cell with that id was put into the notebook since it was last looked for."""
        self._moves = -1
        """What the watch counted when the cell was last looked for."""
        self._together = False
        self._outputs: Array[Any] | None = None
        """Those of the cell, while several changes are made together and after the first of them."""
        self._begins = False
        """Whether the cell is to be shown as running after these changes."""
        self._gone = cell_id is None
        self._taken = self._given_up = False
        self._writing = 0
        self._disturbed = False
        """Whether others changed its outputs since this sink last looked at all of them."""
        self._contested = False
        """Whether another run's outputs may still come."""
        self._watch: DocumentWatch | None = None
        self._lingering: asyncio.TimerHandle | None = None
        self._look: asyncio.TimerHandle | None = None
        self._detached = False
        self._running = False
        self._kept = False
        """Whether the run goes on with outputs that were there."""
        self._ended = self._closed = False
        self._leaves = False
        """Whether the run goes on without this sink."""
        self._idle_shown = False
        self._behind = False
        self._touched: list[SentOutput] = []
        """What was changed in a cell that does not run, where that may have to be done again."""
        self._reloads = opened.document.watch.reloads
        self._sent: list[SentOutput] = []
        self._placed = 0
        """How many outputs the cell had after the last write."""
        self._count: int | None = None
        self._follow()
        opened.followers.append(self._catch_up)

    @property
    def deleted(self) -> bool:
        self._follow()
        return self._gone

    @property
    def taken(self) -> bool:
        return self._taken

    def give_up(self) -> None:
        self._taken = self._given_up = True

    def on_cell_changed(self, keys: Mapping[str, Any]) -> None:
        if self._writing or self._taken or self._opened.reloading:
            return
        state = keys.get("execution_state")
        if state is not None and state.get("newValue") == "running" and not self._leaves:
            self._taken = True
            asyncio.get_running_loop().call_soon(self._withdraw)
        elif "outputs" in keys or "execution_count" in keys:
            self._disturbed = True
            loop = asyncio.get_running_loop()
            if self._lingering is not None:
                loop.call_soon(self._catch_up)
            elif self._running and self._look is None:
                self._look = loop.call_later(LOOK_SECONDS, self._look_at_cell)

    def _look_at_cell(self) -> None:
        self._look = None
        if self._disturbed:
            self._catch_up()

    def _withdraw(self) -> None:
        """Take away what came into the cell after it had been cleared for the run that has it now."""
        if not self._taken or self._opened.reloading or self._watch is None:
            return
        with self._noting_edits(), self._opened.document.transaction():
            self._follow()
            if self._cell is None:
                return
            outputs, mine = outputs_of(self._cell), [storable(sent.whole()) for sent in self._sent]
            for place, output in reversed([*enumerate(from_y(outputs))]):
                if output in mine:
                    del outputs[place]

    def on_cell_inserted(self) -> None:
        self._made_anew = True
        if self._lingering is not None:
            asyncio.get_running_loop().call_soon(self._catch_up)

    @contextmanager
    def together(self) -> Iterator[None]:
        if self._opened.reloading:
            yield
            return
        with self._noting_edits(), self._opened.document.transaction():
            self._together = True
            try:
                yield
                if self._begins and self._cell is not None:
                    self._put_running(self._cell)
                if self._outputs is not None:
                    self._placed = len(self._outputs)
            finally:
                self._outputs, self._together, self._begins = None, False, False

    def begin(self, *, keep: bool = False) -> None:
        self._sent, self._touched = self._outputs_so_far() if keep else [], []
        self._count, self._running = None, True
        # A run that somebody began before this one does not have the cell any more.
        self._taken = self._given_up
        self._kept = keep

        def write(cell: Map[Any], outputs: Array[Any]) -> None:
            if not keep:
                if value_of(cell, "execution_state") == "running":
                    self._contested = True
                outputs.clear()
            self._show_running(cell)

        self._write(write)

    def append(self, *outputs: Output) -> None:
        added = [SentOutput(dict(output)) for output in outputs]
        self._outputs_so_far().extend(added)
        for sent in added:
            self._touch(sent)

        def write(_: Map[Any], outputs: Array[Any]) -> None:
            for sent in added:
                put(outputs, sent)

        self._write(write)

    def extend_text(self, position: int, text: str) -> None:
        sent = self._at(position)
        if sent is None:
            return

        def write(_: Map[Any], outputs: Array[Any]) -> None:
            shared = None if sent.place is None else outputs[sent.place].get("text")
            if isinstance(shared, Text):
                append_text(shared, text)
            else:
                # Somebody cleared the cell during the run: go on with what comes from now on.
                sent.output, sent.more = {**sent.output, "text": ""}, [text]
                put(outputs, sent)

        sent.more.append(text)
        self._touch(sent)
        self._write(write, again=False)

    def replace(self, position: int, output: Output) -> None:
        sent = self._at(position)
        if sent is None:
            return
        sent.output, sent.more = dict(output), []
        self._touch(sent)
        self._write(lambda _, outputs: put(outputs, sent))

    def clear(self) -> None:
        self._sent, self._touched = [], []
        self._write(lambda _, outputs: outputs.clear())

    def count(self, execution_count: int | None) -> None:
        self._count = execution_count
        if not self._running:
            self._write(lambda cell, _: self._put_count(cell))
        # Otherwise with the end: JupyterLab shows a cell that gets a count as done, not as [*].

    def _show_running(self, cell: Map[Any]) -> None:
        if self._together:
            self._begins = True  # unless the run also ends with these changes
        else:
            self._put_running(cell)
        metadata = value_of(cell, "metadata")
        # The mark belongs to the outputs that were there; without it JupyterLab sanitises.
        if isinstance(metadata, Map) and not self._kept:
            if self._trust:
                metadata["trusted"] = True
            elif "trusted" in metadata:
                del metadata["trusted"]

    def _put_running(self, cell: Map[Any]) -> None:
        cell["execution_count"] = None
        cell["execution_state"] = "running"

    def _show_idle(self, cell: Map[Any]) -> None:
        if not self._idle_shown:
            self._idle_shown, self._begins = True, False
            self._put_count(cell)
            cell["execution_state"] = "idle"

    def _put_count(self, cell: Map[Any]) -> None:
        cell["execution_count"] = storable(self._count)

    def end(self, *, running: bool = False) -> None:
        if not self._ended:
            self._ended, self._leaves = True, running
            self._catch_up()

    async def close(self, *, running: bool = False) -> None:
        """The save supervisor writes the file within its delay."""
        if self._closed:
            return
        self._closed = True
        if not self._ended:
            self._ended, self._leaves = True, running
        linger = 0.0
        try:
            await self._opened.deliver(self._write_last)
            if self._running and not self._leaves and not self._taken and self._id is not None:
                linger = RETURN_SECONDS if self.deleted else STALE_SECONDS * self._contested
        finally:
            if linger:
                loop = asyncio.get_running_loop()
                self._lingering = loop.call_later(linger, self._detach)
            else:
                self._detach()

    def _detach(self) -> None:
        """Hold the room no more."""
        self._lingering, self._detached = None, True
        if self._look is not None:
            self._look.cancel()
        self._listen(None)
        self._opened.followers.remove(self._catch_up)
        self._opened.release()

    def _listen(self, watch: DocumentWatch | None) -> None:
        """Be told of changes of the cell by that watch, and by no other."""
        if watch is self._watch or self._id is None:
            return
        if self._watch is not None:
            listeners = self._watch.listeners[self._id]
            listeners.remove(self)
            if not listeners:
                del self._watch.listeners[self._id]
        if watch is not None:
            watch.listeners.setdefault(self._id, []).append(self)
        self._watch = watch

    def _catch_up(self) -> None:
        """Write what the document may lack: it was connected anew, or others moved cells."""
        if not self._detached:
            self._write_missing()

    def _write_last(self) -> None:
        """The same at the end, which comes after the sink's own where the room is out of reach."""
        self._write_missing()
        if self._detached:
            self._listen(None)

    def _write_missing(self) -> None:
        if self._whole:
            return
        if self._running and self._ended and not self._leaves:
            self._write(lambda cell, _: self._show_idle(cell))
        elif self._running or self._touched:
            self._write(lambda *_: None)

    @property
    def _whole(self) -> bool:
        """Whether the cell shows the end of the run, and nobody has changed it since."""
        self._follow()
        return (
            self._idle_shown
            and self._cell is not None
            and not (self._behind or self._disturbed or self._opened.reloading)
            and self._reloads == self._opened.document.watch.reloads
        )

    def _outputs_so_far(self) -> list[SentOutput]:
        """What this run wrote; without a run, what the cell has now, which others may write."""
        self._follow()
        if not self._running:
            stored = None if self._cell is None else self._cell.get("outputs")
            self._sent = [
                SentOutput(output, place=place) for place, output in enumerate(from_y(stored) or ())
            ]
            self._placed = len(self._sent)
        return self._sent

    def _at(self, position: int) -> SentOutput | None:
        sent = self._outputs_so_far()
        return sent[position] if 0 <= position < len(sent) else None

    def _write(self, change: Change, *, again: bool = True) -> None:
        """Make a change that `_sent` has already; `again` where making it twice does no harm."""
        if self._taken:
            return
        if self._opened.reloading:
            # The room replaces its content from disk, in a transaction that it holds open; or
            # there is no connection to it.
            self._behind = True
            return
        with self._noting_edits(), self._opened.document.transaction():
            outputs, behind = self._outputs, False
            if outputs is None:
                self._follow()
                if self._cell is None:
                    return
                outputs = outputs_of(self._cell)
                behind = self._bring_up(self._cell, outputs)
            assert self._cell is not None
            if again or not behind:
                change(self._cell, outputs)
            if self._together:
                self._outputs = outputs
            else:
                self._placed = len(outputs)

    def _bring_up(self, cell: Map[Any], outputs: Array[Any]) -> bool:
        """Have the cell show what was sent, whatever others did to it meanwhile. Returns whether it
        lacked something."""
        watch = self._opened.document.watch
        if self._reloads != watch.reloads:
            self._reloads, self._behind = watch.reloads, True
        behind, self._behind = self._behind, False
        cleared = len(outputs) < self._placed  # as by JupyterLab's Clear Outputs
        if (
            self._running
            and self._disturbed
            and not behind
            and not cleared
            and not self._exact(cell, outputs)
        ):
            # Whoever wrote there may go on. Nothing else tells of a person's run that was begun at
            # the same time, before either side heard of the other's.
            self._contested = behind = True
        self._disturbed = False
        if behind and self._running:
            self._idle_shown = False
            self._rewrite(cell, outputs)
        elif behind:
            self._redo(outputs)
        elif cleared:
            self._cleared_by_others()
        return behind

    @contextmanager
    def _noting_edits(self) -> Iterator[None]:
        """Tell the room when the document is another one afterwards."""
        watch = self._opened.document.watch
        version = watch.version
        self._writing += 1
        try:
            yield
        finally:
            self._writing -= 1
        if watch.version != version:
            self._opened.edited()

    def _follow(self) -> None:
        """Find the cell again when the one written to so far is no longer in the document."""
        if self._id is None or self._opened.reloading:
            return
        document, watch = self._opened.document, self._opened.document.watch
        if document is self._document:
            if self._moves == watch.moves:
                return
            self._moves = watch.moves
            # Who moves a cell makes it anew. The old one must not be read: it is gone from memory,
            # and pycrdt ends the process.
            kept = self._cell is not None and not self._made_anew
            if kept and watch.find(self._id) is not None:
                return
        moved = self._cell is not None or self._gone
        self._document, self._moves, self._made_anew = document, watch.moves, False
        self._listen(watch)
        at = watch.find(self._id)
        self._gone = at is None
        self._cell = None if at is None else document.cells[at]
        if moved and self._cell is not None:
            self._behind = True

    def _exact(self, cell: Map[Any], outputs: Array[Any]) -> bool:
        """Whether the cell shows what this run put there, and nothing else."""
        placed = sorted((sent for sent in self._sent if sent.place is not None), key=placed_at)
        shown = [storable(sent.whole()) for sent in placed]
        count = self._count if self._ended else None
        return bool(from_y(outputs) == shown and value_of(cell, "execution_count") == count)

    def _cleared_by_others(self) -> None:
        for sent in self._sent:
            sent.place, sent.cleared = None, True

    def _touch(self, sent: SentOutput) -> None:
        if not self._running and all(sent is not one for one in self._touched):
            self._touched.append(sent)

    def _redo(self, outputs: Array[Any]) -> None:
        """Change a cell that does not run as was done before."""
        for sent in self._touched:
            if sent.place is not None and sent.place >= len(outputs):
                sent.place = None
            put(outputs, sent)

    def _rewrite(self, cell: Map[Any], outputs: Array[Any]) -> None:
        """Make the cell hold all that this run produced."""
        kept = [sent for sent in self._sent if not sent.cleared]
        if from_y(outputs) == [storable(sent.whole()) for sent in kept]:
            for place, sent in enumerate(kept):
                sent.place = place
        else:
            outputs.clear()
            for sent in kept:
                sent.place = None
                put(outputs, sent)
        self._show_running(cell)
