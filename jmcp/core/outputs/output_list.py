"""The outputs of one run in memory, the last of which may be text that grows."""

from __future__ import annotations

from collections.abc import Sequence

from jmcp.core.outputs import mime_bundle
from jmcp.core.outputs.stream_text import StreamText
from jmcp.core.ports import Output


class OutputList:
    """Outputs as nbformat has them, and the execution count that belongs to them.

    Text of the last stream is kept in pieces until somebody asks for that output. `bytes` is about
    what the outputs take that are not text of a stream.
    """

    def __init__(self, outputs: Sequence[Output] = ()) -> None:
        self.execution_count: int | None = None
        self._outputs = [mime_bundle.joined(output) for output in outputs]
        last = self._outputs[-1] if self._outputs else {}
        self._text = StreamText(last["text"]) if _is_stream(last) else None  # of the last output
        streams = [one for one in self._outputs[:-1] if _is_stream(one)]
        self._settled_characters = sum(len(one["text"]) for one in streams)
        self.bytes = sum(mime_bundle.size(one) for one in self._outputs if not _is_stream(one))

    @property
    def characters(self) -> int:
        """Those of the text of all streams."""
        return self._settled_characters + (0 if self._text is None else len(self._text))

    def __len__(self) -> int:
        return len(self._outputs)

    def __getitem__(self, position: int) -> Output:
        if position == len(self._outputs) - 1:
            self._settle_text()
        return self._outputs[position]

    def copy(self) -> list[Output]:
        """The outputs so far; the list is the caller's, the outputs are not."""
        self._settle_text()
        return list(self._outputs)

    def append(self, output: Output) -> None:
        """Add an output that is not text of a stream."""
        self.end_text()
        self._outputs.append(output)
        self.bytes += mime_bundle.size(output)

    def append_text(self, name: str, text: str) -> None:
        """Add text of the stream with that name: to the last output, if that is of this stream.

        The text is one that UTF-8 can hold.
        """
        if self._text is None or self._outputs[-1].get("name") != name:
            self.end_text()
            self._text = StreamText()
            self._outputs.append({"output_type": "stream", "name": name, "text": ""})
        self._text.append(text)

    def end_text(self) -> None:
        """Text that comes from now on is another output."""
        self._settle_text()
        self._settled_characters = self.characters
        self._text = None

    def replace(self, position: int, output: Output) -> None:
        """Put another output at that position, which is not of a stream."""
        self.bytes += mime_bundle.size(output) - mime_bundle.size(self._outputs[position])
        self._outputs[position] = output

    def clear(self) -> None:
        """Drop all outputs."""
        self._outputs, self._text = [], None
        self._settled_characters = self.bytes = 0

    def take_growth(self) -> str | None:
        """The text by which the last output has grown since the last call.

        "" if it has not grown; None if text from before was overwritten, or it is no stream.
        """
        return self._text.take() if self._text is not None else None

    def _settle_text(self) -> None:
        if self._text is not None:
            self._outputs[-1] = {**self._outputs[-1], "text": str(self._text)}


def _is_stream(output: Output) -> bool:
    return output.get("output_type") == "stream"
