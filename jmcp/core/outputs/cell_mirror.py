"""The outputs of a run in its cell, kept equal to the record by few and short writes."""

from __future__ import annotations

import asyncio
import logging
from itertools import islice

from jmcp.core.errors import ENDS_TASK
from jmcp.core.outputs.output_list import OutputList
from jmcp.core.ports import OutputSink

FIRST_WRITE_SECONDS = 0.05
"""Seconds after the start of a run before its cell is written to. Most runs are over by then: they
are one change of the document, and not one for the start, one for the output and one for the end."""

WRITE_INTERVAL_SECONDS = 0.05
"""Seconds between writes to the document: smooth to the eye, and cheap at 100,000 lines."""

PAUSE_PER_WRITE_TIME = 20
"""The pause after a write is at least this many times as long as the write was. However large the
outputs grow, writing takes only that part of the time."""

PAUSE_PER_BACKLOG_WRITE_TIME = 4
"""As PAUSE_PER_WRITE_TIME, while the document lacks whole outputs."""

OUTPUTS_PER_WRITE = 20
"""Outputs written at once. A live document takes one in 0.3 to 1 ms, in which nothing else is done."""

log = logging.getLogger(__name__)


class CellMirror:
    """Writes changes of the outputs to their cell, at most FIRST_WRITE_SECONDS or
    WRITE_INTERVAL_SECONDS late (more if writes are slow, or very many).

    The first write shows the cell as running, with no outputs unless it is to `keep` those that the
    run has so far. Without a sink the mirror only keeps account of what the cell lacks. A sink that
    fails is not used any more; `error` says why.
    """

    def __init__(
        self, outputs: OutputList, sink: OutputSink | None = None, *, keep: bool = False
    ) -> None:
        self.error: BaseException | None = None
        self._outputs = outputs
        self._sink = sink
        self._begins = sink is not None
        self._keep = keep
        # The cell has the first `_shown` outputs; those in `_stale` are older there, True where
        # only a replacement helps and False where the text has grown.
        self._shown = len(outputs) if keep else 0
        self._stale: dict[int, bool] = {}
        self._count_stale = False
        self._due = 0.0
        self._waits = False
        self._timer: asyncio.TimerHandle | None = None
        if sink is not None:
            self._due = asyncio.get_running_loop().time() + FIRST_WRITE_SECONDS
            self._schedule()

    @property
    def behind(self) -> bool:
        """Whether the sink lacks something."""
        return self._sink is not None and (self._begins or self.lacking or self._count_stale)

    @property
    def lacking(self) -> bool:
        """Whether the cell lacks outputs, be there a sink or not."""
        return bool(self._stale) or self._shown != len(self._outputs)

    @property
    def attached(self) -> bool:
        """Whether there is a sink, which gets what changes."""
        return self._sink is not None

    @property
    def shown(self) -> int:
        """How many outputs the cell has."""
        return self._shown

    def wait(self) -> None:
        """Write nothing until `proceed`: the cell still shows another run, which goes on."""
        self._waits = True
        self._cancel()

    def proceed(self) -> None:
        """Write from now on: the cell belongs to this run."""
        self._waits = False
        self._schedule()

    # -- changes of the outputs ------------------------------------------------------------------

    def changed(self, position: int, *, grown: bool = False) -> None:
        """The output at that position is new, or another one; `grown`: it is text, and longer."""
        if position < self._shown:
            self._stale[position] = not grown or self._stale.get(position, False)
        if self._sink is not None and asyncio.get_running_loop().time() >= self._due:
            self.flush()
        else:
            self._schedule()

    def cleared(self) -> None:
        """There are no outputs any more. The cell shows the old ones until the next write, so that new
        ones replace them without a flicker."""
        self._stale = dict.fromkeys(range(self._shown), True)
        self._schedule()

    def counted(self) -> None:
        """There is another execution count."""
        self._count_stale = True
        self._schedule()

    # -- writing ---------------------------------------------------------------------------------

    def flush(self, *, ending: bool = False, running: bool = False) -> None:
        """Bring the cell up to date, or by OUTPUTS_PER_WRITE outputs nearer to that.

        `ending`: it is also shown as idle once it is up to date, unless the run is still `running`
        and only this process stops to listen.
        """
        self._cancel()
        if self._sink is None or (self._waits and not ending):
            return
        clock = asyncio.get_running_loop().time
        began = clock()
        self._write(self._sink, ending=ending, running=running)
        ended = clock()
        times = PAUSE_PER_BACKLOG_WRITE_TIME if self.behind else PAUSE_PER_WRITE_TIME
        self._due = ended + max(WRITE_INTERVAL_SECONDS, times * (ended - began))
        if self.behind:
            self._schedule()

    async def finish(self, *, running: bool = False) -> None:
        """Write all that is left, show the cell as idle and let go of the sink (it is not closed).

        `running`: as for `flush`.
        """
        self.flush(ending=True, running=running)
        while self.behind and self._sink is not None:
            await asyncio.sleep(0)
            self.flush(ending=True, running=running)
        self._cancel()
        self._sink = None

    async def catch_up(self, sink: OutputSink) -> None:
        """Write what came after the end, to the cell as the end left it (it is not closed)."""
        self._sink = sink
        await self.finish()

    def _schedule(self) -> None:
        if self._sink is not None and self._timer is None and not self._waits:
            loop = asyncio.get_running_loop()
            at = max(self._due, loop.time() + WRITE_INTERVAL_SECONDS)
            self._timer = loop.call_at(at, self.flush)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write(self, sink: OutputSink, *, ending: bool, running: bool) -> None:
        try:
            with sink.together():
                self._bring_up_to_date(sink)
                if ending and not self.behind:
                    sink.end(running=running)
        except ENDS_TASK:
            raise
        except BaseException as error:  # a document that fails must not end the run
            log.warning("A run's outputs no longer reach its document.", exc_info=True)
            self.error, self._sink = error, None

    def _bring_up_to_date(self, sink: OutputSink) -> None:
        if self._begins:
            self._begins = False
            sink.begin(keep=self._keep)
        if self._count_stale:
            self._count_stale = False
            sink.count(self._outputs.execution_count)
        if self._shown > len(self._outputs):
            sink.clear()
            self._shown = 0
            self._stale.clear()
        last = len(self._outputs) - 1
        growth = self._outputs.take_growth()
        if growth is not None and self._stale.get(last) is False:
            del self._stale[last]
            if growth:
                sink.extend_text(last, growth)
        for position in tuple(islice(self._stale, OUTPUTS_PER_WRITE)):
            del self._stale[position]
            sink.replace(position, self._outputs[position])
        fresh = range(self._shown, min(last + 1, self._shown + OUTPUTS_PER_WRITE))
        if fresh:
            sink.append(*map(self._outputs.__getitem__, fresh))
            self._shown = fresh.stop
