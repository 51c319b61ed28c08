"""The outputs of one run, as nbformat: what its messages come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jmcp.core import ports
from jmcp.core.outputs import mime_bundle
from jmcp.core.outputs.cell_mirror import CellMirror
from jmcp.core.outputs.displays import Displays
from jmcp.core.outputs.output_limits import LeftOut, OutputLimits
from jmcp.core.outputs.output_list import OutputList
from jmcp.core.outputs.output_tail import OutputTail
from jmcp.core.ports import Output, OutputSink
from jmcp.core.sentences import OutputPhrases

TEXT_PART_CHARACTERS = 2**16
"""Characters of a part of text, which is taken whole or left out whole."""

OVERWRITTEN = 10
"""Characters of text with carriage returns or backspaces that are taken before the rest is left
out, as a multiple of the text that is kept: each costs time, and most are overwritten."""

OnLate = Callable[["OutputRecord"], None]
"""Called when outputs of a finished run change, and its cell lacks the change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOutputs:
    """The outputs that a cell has of a run that goes on, and the positions of each display id in
    them."""

    outputs: Sequence[Output]
    displays: Mapping[str, Sequence[int]] = field(default_factory=dict)


class OutputRecord:
    """Applies the messages of one run, in the kernel's order.

    `cell` mirrors the outputs to `sink`, from the start of the run on; without a sink they are only
    here. `shown` is what the cell has of a run that an earlier process began. `size` is about what
    the outputs take, in bytes, after the end. `released`: the outputs were forgotten.

    Where there are `limits`, what comes when the head of them is full is kept aside as the tail, and
    only its end reaches the cell, when the run is over. A mark says what was left out between.
    """

    def __init__(
        self,
        sink: OutputSink | None = None,
        displays: Displays | None = None,
        *,
        shown: ShownOutputs | None = None,
        limits: OutputLimits | None = None,
        phrases: OutputPhrases | None = None,
    ) -> None:
        self.messages = 0
        self.display_changes = 0
        self.size = 0
        self.released = False
        self._displays = displays
        self._positions: dict[str, list[int]] = {}
        self._clear_first = False
        self._on_late: OnLate | None = None
        self._limits = limits
        self._phrases = phrases
        self._tail: OutputTail | None = None
        self._mark: int | None = None
        self._missed = LeftOut()
        self._overwriting = 0
        self._outputs = OutputList(shown.outputs if shown is not None else ())
        self.cell = CellMirror(self._outputs, sink, keep=shown is not None)
        if shown is not None:
            self._place_all(shown.displays)

    @property
    def execution_count(self) -> int | None:
        return self._outputs.execution_count

    @property
    def outputs(self) -> list[Output]:
        """The outputs so far; the list is the caller's, the outputs are not."""
        if self._tail is None:
            return self._outputs.copy()
        return [*self._outputs.copy(), *(output for output, _ in self._tail.outputs(over=False))]

    @property
    def settled(self) -> list[Output]:
        """The same without those that may still be dropped when others follow."""
        return self._outputs.copy()

    @property
    def left_out(self) -> LeftOut | None:
        """What was put out and is not kept, None where all is."""
        missed = self._missed
        if self._tail is not None:
            missed += self._tail.left_out
        return missed if missed.characters or missed.outputs else None

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
                if self._displays is not None:
                    self._displays.update(_display_id(content), mime_bundle.displayed(content))
            case "error":
                limit = self._limits.error if self._limits is not None else None
                self._add(mime_bundle.failure(content, limit), {})
            case "clear_output":
                self._clear_first = bool(content.get("wait"))
                if not self._clear_first:
                    self._clear()
            case ports.LEFT_OUT:
                self._leave_out(
                    LeftOut(
                        characters=content.get("characters", 0), outputs=content.get("outputs", 0)
                    )
                )
            case "execute_input":
                self.count(content.get("execution_count"))

    def count(self, execution_count: int | None) -> None:
        """Set the execution count, where the kernel told one."""
        if execution_count is not None and execution_count != self.execution_count:
            self._outputs.execution_count = execution_count
            self.cell.counted()
            self._tell_late()

    def show(self, display_id: str, shown: Output) -> None:
        """Put other data into every output here that has that display id."""
        for position in self._positions.get(display_id, ()):
            before = self._outputs[position]
            after = {**before, "data": shown["data"], "metadata": shown["metadata"]}
            if after == before:
                continue
            growth = mime_bundle.size(after) - mime_bundle.size(before)
            if self._limits is None or self._outputs.bytes + growth <= self._limits.data_head:
                self._outputs.replace(position, after)
                self._changed(position)
            else:
                self._missed += LeftOut(outputs=1)
        if self._tail is not None:
            self._tail.show(display_id, shown)

    def mark(self, text: str) -> None:
        """Add a remark of jmcp's to the outputs, as text of stderr."""
        self._clear_first = False
        self._settle_tail()
        self._outputs.end_text()
        self._outputs.append_text("stderr", text)
        self._changed(len(self._outputs) - 1, grown=True)

    def release(self) -> None:
        """Forget the outputs of a run that is over."""
        self.released = True
        self.size = 0
        self._outputs.clear()
        self._positions.clear()

    def on_late(self, call: OnLate) -> None:
        """The cell is closed: call this when it lacks something, now and from now on."""
        if self.cell.error is None:
            self._on_late = call
            if self.cell.lacking:
                call(self)

    async def catch_up(self, sink: OutputSink) -> None:
        """Write what came after the end, to the cell as the end left it (it is not closed)."""
        await self.cell.catch_up(sink)
        self._measure()

    async def finish(self, *, running: bool = False) -> None:
        """The run is over: the cell gets what is pending and is shown as idle (it is not closed).

        `running`: jmcp stops, but not the run; the cell goes on showing that.
        """
        self._settle_tail()
        await self.cell.finish(running=running)
        self._measure()

    def _stream(self, name: str, text: str) -> None:
        self._clear_if_waiting()
        text = mime_bundle.encodable(text)
        for start in range(0, len(text), TEXT_PART_CHARACTERS):
            part = text[start : start + TEXT_PART_CHARACTERS]
            if self._tail is None and self._has_room(0):
                self._overwriting += len(part) if "\r" in part or "\b" in part else 0
                self._outputs.append_text(name, part)
                self._changed(len(self._outputs) - 1, grown=True)
            else:
                self._tail_of().append_text(name, part)
                self._mark_left_out()

    def _add(self, output: Output, content: dict[str, Any]) -> None:
        self._clear_if_waiting()
        display_id = _display_id(content)
        if self._tail is None and self._has_room(mime_bundle.size(output)):
            self._append(output, display_id)
            return
        self._tail_of().append(output, display_id)
        if display_id and self._displays is not None:
            self._displays.add(display_id, self)
        self._mark_left_out()

    def _append(self, output: Output, display_id: str) -> None:
        self._outputs.append(output)
        position = len(self._outputs) - 1
        if display_id:
            self._place(display_id, position)
        self._changed(position)

    # -- more than is kept -----------------------------------------------------------------------

    def _has_room(self, size: int) -> bool:
        """Whether so many more bytes, or text, may be added to the head."""
        limits, outputs = self._limits, self._outputs
        return limits is None or (
            outputs.characters < limits.text_head
            and self._overwriting < OVERWRITTEN * limits.text_head
            and outputs.bytes + size <= limits.data_head
            and len(outputs) < limits.outputs_head
        )

    def _tail_of(self) -> OutputTail:
        if self._tail is None:
            assert self._limits is not None
            self._tail = OutputTail(self._limits)
        return self._tail

    def _leave_out(self, missed: LeftOut) -> None:
        """Count what is not kept although there was room."""
        self._clear_if_waiting()
        if self._limits is not None:
            self._tail_of()  # what comes now is behind it
        self._missed += missed
        self._mark_left_out()

    def _mark_left_out(self) -> None:
        """Say in the cell, once, that something is left out from here on."""
        if self._mark is None and self._phrases is not None and self.left_out is not None:
            self._mark = len(self._outputs)
            self._append(_remark(self._phrases.leaving_out_mark()), "")

    def _settle_tail(self) -> None:
        """The run is over: what the tail has by now are the last outputs."""
        tail, self._tail = self._tail, None
        if tail is None:
            return
        last = tail.outputs(over=True)
        self._missed += tail.left_out
        self._limits = None  # what threads send after the end has a limit of its own
        if self._mark is not None and self._phrases is not None:
            mark = self._phrases.left_out_mark(
                characters=self._missed.characters, outputs=self._missed.outputs
            )
            self._outputs.replace(self._mark, _remark(mark))
            self._changed(self._mark)
        for output, display_id in last:
            if output["output_type"] == "stream":
                self._outputs.append_text(output["name"], output["text"])
                self._changed(len(self._outputs) - 1, grown=True)
            else:
                self._append(output, display_id)

    def _place(self, display_id: str, position: int) -> None:
        self._positions.setdefault(display_id, []).append(position)
        if self._displays is not None:
            self._displays.add(display_id, self)
        self.display_changes += 1

    def _place_all(self, displays: Mapping[str, Sequence[int]]) -> None:
        for display_id, positions in displays.items():
            for position in positions:
                if position < len(self._outputs):  # others may have cleared the cell meanwhile
                    self._place(display_id, position)

    def _clear_if_waiting(self) -> None:
        if self._clear_first:
            self._clear_first = False
            self._clear()

    def _clear(self) -> None:
        self._outputs.clear()
        self._positions.clear()
        self._tail = self._mark = None
        self._missed = LeftOut()
        self._overwriting = 0
        self.display_changes += 1
        self.cell.cleared()
        self._tell_late()

    def _changed(self, position: int, *, grown: bool = False) -> None:
        self.cell.changed(position, grown=grown)
        self._tell_late()

    def _tell_late(self) -> None:
        if self._on_late is not None and not self.cell.attached:
            self._on_late(self)

    def _measure(self) -> None:
        self.size = self._outputs.characters + self._outputs.bytes


def _display_id(content: dict[str, Any]) -> str:
    return str((content.get("transient") or {}).get("display_id") or "")


def _remark(text: str) -> Output:
    return {"output_type": "stream", "name": "stderr", "text": text}
