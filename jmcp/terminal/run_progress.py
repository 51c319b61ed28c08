"""How far the run of a notebook is: bars in a terminal, lines elsewhere."""

from __future__ import annotations

from contextlib import suppress

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.text import Text

from jmcp.client.answer import Progress
from jmcp.notebook_runs.run import CellRun, CodeCell, NotebookRun
from jmcp.terminal.plain_text import coloured, duration, one_line

MARKS = {"ok": ("ok", "green"), "error": ("FAILED", "bold red")}
LINE_CHARACTERS = 60
NOTEBOOK_CHARACTERS = 34
BAR_CHARACTERS = 20
SENTENCE_CHARACTERS = 200
NO_INPUT = "StdinNotImplementedError"
NO_INPUT_REMEDY = (
    "Nobody can answer input() in such a run: have the notebook take the value as a --parameter."
)


class RunLines:
    """A line for each cell, as a log has it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = 0

    def began(self, run: NotebookRun) -> None:
        self._total = run.total
        self._say(f"{run.notebook}: {run.total} code cells")

    def cell_began(self, number: int, cell: CodeCell) -> None: ...

    def progress(self, progress: Progress) -> None: ...

    def cell_ended(self, number: int, cell: CellRun) -> None:
        width = len(str(self._total))
        what, _ = MARKS.get(cell.status, (cell.status, ""))
        line = one_line(cell.cell.line, LINE_CHARACTERS)
        self._say(
            f"[{number:>{width}}/{self._total}] {what:<7} {duration(cell.seconds):>7}  "
            f"cell {cell.cell.index}: {line}"
        )

    def ended(self, run: NotebookRun) -> None: ...

    def _say(self, line: str) -> None:
        with suppress(BrokenPipeError):
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class RunBars:
    """A bar for the notebook, and a line for the cell that runs with the last that it put out."""

    def __init__(self, console: Console) -> None:
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(BAR_CHARACTERS),
            TextColumn("{task.fields[count]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._console = console
        self._notebook = self._bars.add_task("", total=None, start=False, count="")
        self._running = self._bars.add_task("", total=None, start=False, visible=False, count="")
        self._total = self._done = 0
        self._line = ""

    def began(self, run: NotebookRun) -> None:
        name = one_line(run.notebook, NOTEBOOK_CHARACTERS)
        self._total = run.total
        self._bars.update(self._notebook, description=name, total=run.total, count=self._count)
        self._bars.start_task(self._notebook)
        self._bars.start()

    def cell_began(self, number: int, cell: CodeCell) -> None:
        self._line = one_line(f"cell {cell.index}: {cell.line}", NOTEBOOK_CHARACTERS)
        self._bars.reset(self._running, description=self._line, visible=True, total=None)

    def progress(self, progress: Progress) -> None:
        last = one_line((progress.message or "").partition(": ")[2])
        shown = self._line
        if last:
            room = max(0, self._console.width - BAR_CHARACTERS - 24)
            shown = one_line(f"{self._line}  {last}", max(NOTEBOOK_CHARACTERS, room))
        self._bars.update(self._running, description=shown)

    def cell_ended(self, number: int, cell: CellRun) -> None:
        self._done += 1
        self._bars.update(self._notebook, advance=1, count=self._count)
        if cell.status != "ok":
            what, style = MARKS.get(cell.status, (cell.status, "yellow"))
            line = one_line(cell.cell.line, LINE_CHARACTERS)
            self._bars.console.print(
                Text.assemble((what, style), f" cell {cell.cell.index}: {line}")
            )

    @property
    def _count(self) -> str:
        return f"{self._done}/{self._total}"

    def ended(self, run: NotebookRun) -> None:
        self.close()

    def close(self) -> None:
        """Leave the terminal as it was. Idempotent."""
        self._bars.stop()


def show_end(run: NotebookRun, console: Console, *, where: str) -> None:
    """What became of the run, with the traceback of the cell that ended it."""
    with suppress(BrokenPipeError):
        failed = run.failed
        error = failed.error if failed is not None else None
        wraps = not console.is_terminal  # a log has whole lines
        if error is not None and run.status != "interrupted":
            console.rule(characters="─", style="red") if console.is_terminal else None
            lines = error.get("traceback") or [error.get("text") or _exception(error)]
            shown = coloured("\n".join(map(str, lines)))
            console.print(shown if console.is_terminal else Text(shown.plain), soft_wrap=wraps)
        style = {"ok": "green", "interrupted": "yellow"}.get(run.status, "bold red")
        console.print(Text(_sentence(run, where), style=style), soft_wrap=wraps)
        notices = [*failed.notices] if failed is not None else []
        if error is not None and error.get("ename") == NO_INPUT:
            notices.append(NO_INPUT_REMEDY)
        for notice in notices:
            console.print(Text(one_line(notice)), soft_wrap=wraps)


def _sentence(run: NotebookRun, where: str) -> str:
    done = sum(cell.status == "ok" for cell in run.cells)
    ran = f"{done} of {run.total} code cells ran in {duration(run.seconds)}"
    failed = run.failed
    at = (
        f"cell {failed.cell.index} ({one_line(failed.cell.line, LINE_CHARACTERS)})"
        if failed
        else ""
    )
    outputs = f"{where} has the outputs" if run.saved else f"{where} may not have all outputs yet"
    if run.status == "ok":
        return f"{ran}; {outputs}."
    if run.status == "interrupted":
        ended = f"Interrupted in {at}" if failed and failed.status != "ok" else "Interrupted"
        return f"{ended}: {ran}; {outputs}."
    if run.status == "failed" and failed is not None:
        error = failed.error if failed.status == "error" else None
        why = _exception(error) if error is not None else failed.status.replace("_", " ")
        return f"Failed in {at}: {why}. {ran}; {outputs}."
    reason = one_line(run.problem or "").removesuffix(".")
    return f"The run ended{f' in {at}' if at else ''}: {reason}. {ran}; {outputs}."


def _exception(error: object) -> str:
    assert isinstance(error, dict)
    shown = f"{error.get('ename')}: {error.get('evalue')}".removesuffix(": ")
    return one_line(shown, SENTENCE_CHARACTERS).removesuffix(".")
