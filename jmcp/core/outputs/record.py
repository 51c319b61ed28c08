"""The outputs of one run: kept in memory as nbformat and mirrored to the cell's document."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from jmcp.core.outputs import mime_bundle
from jmcp.core.outputs.displays import Displays
from jmcp.core.outputs.stream_text import StreamText
from jmcp.core.ports import Output, OutputSink

log = logging.getLogger(__name__)

INTERVAL = 0.05
"""Seconds between writes to the document: smooth to the eye, and cheap at 100,000 lines."""

SHARE = 20
"""Writes may take one part in this many of the time, however large the outputs grow."""

BACKLOG_SHARE = 4
"""The same while outputs are waiting that the document does not have at all."""

SLICE = 20
"""Outputs that are written at once. A live document takes one in 0.3 to 1 ms, and everybody waits."""

Late = Callable[["OutputRecord"], None]
"""Called when a finished run's outputs change: the cell does not have that yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a cell shows already of a run that goes on, and at which positions each display id."""

    outputs: Sequence[Output]
    displays: Mapping[str, Sequence[int]] = field(default_factory=dict)


class OutputRecord:
    """Applies the messages of one run, in the kernel's order.

    The sink lags behind by at most `INTERVAL` (more if its writes are slow, or very many) and is up
    to date after `finish`. A sink that fails is left alone from then on; `sink_error` says why. `size` is about
    what the outputs take, in bytes, after the end.
    """

    def __init__(
        self,
        sink: OutputSink | None = None,
        displays: Displays | None = None,
        *,
        shown: Shown | None = None,
    ) -> None:
        self.execution_count: int | None = None
        self.messages = 0
        self.display_changes = 0
        self.size = 0
        self.sink_error: Exception | None = None
        self.released = False
        """Whether the outputs were forgotten."""
        self._sink = sink
        self._displays = displays if displays is not None else Displays()
        self._late: Late | None = None
        self._outputs: list[Output] = []
        self._text: StreamText | None = None  # of the last output, if that is a stream
        self._positions: dict[str, list[int]] = {}
        self._clear_first = False
        # What the sink has: its first `_shown` outputs; those of `_dirty` are older than ours,
        # True where only a replacement helps and False where the text has grown.
        self._shown = 0
        self._dirty: dict[int, bool] = {}
        self._count_dirty = False
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._write(lambda sink: sink.begin(keep=shown is not None))
        if shown is not None:
            self._go_on(shown)

    @property
    def outputs(self) -> list[Output]:
        """The outputs so far; the list is the caller's, the outputs are not."""
        self._settle_text()
        return list(self._outputs)

    @property
    def displays(self) -> dict[str, tuple[int, ...]]:
        """The positions of each display id."""
        return {key: tuple(positions) for key, positions in self._positions.items()}

    def apply(self, kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Take one message. Those that say nothing about outputs are ignored."""
        self.messages += 1
        match kind:
            case "stream":
                self._stream(str(content.get("name", "stdout")), str(content.get("text", "")))
            case "execute_result":
                self._add(mime_bundle.result(content), content)
            case "display_data":
                self._add(mime_bundle.displayed(content), content)
            case "update_display_data":
                self._displays.update(_display_id(content), mime_bundle.displayed(content))
            case "error":
                self._add(mime_bundle.failure(content), {})
            case "clear_output":
                self._clear_first = bool(content.get("wait"))
                if not self._clear_first:
                    self._clear()
            case "execute_input":
                self.count(content.get("execution_count"))

    def count(self, execution_count: int | None) -> None:
        """Set the execution count, where the kernel told one."""
        if execution_count is not None and execution_count != self.execution_count:
            self.execution_count = execution_count
            self._count_dirty = True
            self._schedule()

    def show(self, display_id: str, shown: Output) -> None:
        """Put other data into every output here that has that display id."""
        for position in self._positions.get(display_id, ()):
            before = self._outputs[position]
            after = {**before, "data": shown["data"], "metadata": shown["metadata"]}
            self._outputs[position] = after
            if after != before:
                self._touch(position, replace=True)

    def mark(self, text: str) -> None:
        """Say something in the cell that is not the code's own."""
        self._clear_first = False
        self._settle_text()
        self._text = None
        self._stream("stderr", text)

    def let_go(self) -> None:
        """Forget the outputs of a run that is over."""
        self.released = True
        self._outputs, self._text, self.size = [], None, 0
        self._positions.clear()

    def flush(self) -> None:
        """Bring the sink up to date, or by one slice nearer to that."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._sink is None:
            return
        clock = asyncio.get_running_loop()
        began = clock.time()
        self._write(self._bring_up_to_date)
        ended = clock.time()
        share = BACKLOG_SHARE if self.behind else SHARE
        self._due = ended + max(INTERVAL, share * (ended - began))
        if self.behind:
            self._schedule()

    @property
    def behind(self) -> bool:
        """Whether the sink lacks something after a flush."""
        return self._sink is not None and (
            bool(self._dirty) or self._shown != len(self._outputs) or self._count_dirty
        )

    @property
    def written(self) -> int:
        """How many outputs the sink has."""
        return self._shown

    def follow(self, late: Late) -> None:
        """The cell is closed: tell of what it does not have, now and from now on."""
        if self.sink_error is None:
            self._late = late
            if self._dirty or self._shown != len(self._outputs):
                late(self)

    async def catch_up(self, sink: OutputSink) -> None:
        """Write what came after the end, to the cell as the end left it (it is not closed)."""
        self._sink = sink
        await self.finish()

    async def finish(self) -> None:
        """The run is over: write what is pending and let go of the sink (it is not closed)."""
        self.flush()
        while self.behind and self._sink is not None and not self._sink.deleted:
            await asyncio.sleep(0)
            self.flush()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._sink = None
        self.size = sum(map(mime_bundle.size, self.outputs))

    def _stream(self, name: str, text: str) -> None:
        self._clear_if_waiting()
        if not text:
            return
        last = self._outputs[-1] if self._outputs else None
        if self._text is None or last is None or last.get("name") != name:
            self._settle_text()
            self._text = StreamText()
            self._outputs.append({"output_type": "stream", "name": name, "text": ""})
        self._text.append(mime_bundle.encodable(text))
        self._touch(len(self._outputs) - 1, replace=False)

    def _add(self, output: Output, content: dict[str, Any]) -> None:
        self._clear_if_waiting()
        self._settle_text()
        self._text = None
        self._outputs.append(output)
        position = len(self._outputs) - 1
        if display_id := _display_id(content):
            self._place(display_id, position)
        self._touch(position, replace=True)

    def _place(self, display_id: str, position: int) -> None:
        self._positions.setdefault(display_id, []).append(position)
        self._displays.add(display_id, self)
        self.display_changes += 1

    def _go_on(self, shown: Shown) -> None:
        self._outputs = [mime_bundle.joined(output) for output in shown.outputs]
        self._shown = len(self._outputs)
        last = self._outputs[-1] if self._outputs else {}
        if last.get("output_type") == "stream":
            self._text = StreamText(last["text"])
        for display_id, positions in shown.displays.items():
            for position in positions:
                if position < self._shown:  # others may have cleared the cell meanwhile
                    self._place(display_id, position)

    def _clear_if_waiting(self) -> None:
        if self._clear_first:
            self._clear_first = False
            self._clear()

    def _clear(self) -> None:
        self._outputs, self._text = [], None
        self._positions.clear()
        self.display_changes += 1
        # Until the next write the sink shows the old ones, which new ones replace without a flicker.
        self._dirty = dict.fromkeys(range(self._shown), True)
        self._schedule()

    def _settle_text(self) -> None:
        if self._text is not None:
            self._outputs[-1] = {**self._outputs[-1], "text": str(self._text)}

    def _touch(self, position: int, *, replace: bool) -> None:
        if position < self._shown:
            self._dirty[position] = replace or self._dirty.get(position, False)
        if self._sink is not None and asyncio.get_running_loop().time() >= self._due:
            self.flush()
        else:
            self._schedule()

    def _schedule(self) -> None:
        if self._sink is None and self._late is not None:
            self._late(self)
        if self._sink is not None and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(self._due, loop.time() + INTERVAL), self.flush)

    def _bring_up_to_date(self, sink: OutputSink) -> None:
        if self._count_dirty:
            self._count_dirty = False
            sink.count(self.execution_count)
        if self._shown > len(self._outputs):
            sink.clear()
            self._shown = 0
            self._dirty.clear()
        last = len(self._outputs) - 1
        grown = self._text.take() if self._text is not None else None
        # Only the last output can have grown; None says that its shown text was overwritten.
        if grown is not None and self._dirty.get(last) is False:
            del self._dirty[last]
            if grown:
                sink.extend_text(last, grown)
        for position in tuple(islice(self._dirty, SLICE)):
            del self._dirty[position]
            sink.replace(position, self._output(position))
        fresh = range(self._shown, min(last + 1, self._shown + SLICE))
        if fresh:
            sink.append(*map(self._output, fresh))
            self._shown = fresh.stop

    def _output(self, position: int) -> Output:
        if position == len(self._outputs) - 1:
            self._settle_text()
        return self._outputs[position]

    def _write(self, change: Callable[[OutputSink], None]) -> None:
        if self._sink is None or self._sink.deleted:
            return
        try:
            change(self._sink)
        except Exception as error:  # a document that fails must not end the run
            log.warning("A run's outputs no longer reach its document.", exc_info=True)
            self.sink_error, self._sink = error, None


def _display_id(content: dict[str, Any]) -> str:
    return str((content.get("transient") or {}).get("display_id") or "")
