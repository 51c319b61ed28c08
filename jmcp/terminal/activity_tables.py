"""Sessions, runs and calls as tables that fit the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jmcp.terminal.activity_state import ActivityState, Row, clock, seconds_of
from jmcp.terminal.plain_text import duration, one_line

STATE_STYLES = {"idle": "green", "busy": "yellow", "starting": "yellow", "dead": "bold red"}
HEAD_LINES = 2
SHARES = (3, 3)
"""Of the lines that there are, sessions and runs get at most one in so many each; calls have the rest."""
FEWEST_ROWS = 3
WIDE = 100


def screen(
    state: ActivityState, *, title: str, width: int, height: int, at: float, hint: str
) -> RenderableType:
    """All of it, in so many columns and lines. `at` is the monotonic clock."""
    now = state.server_now(at)
    room = max(12, height - HEAD_LINES - 6)
    most = [max(FEWEST_ROWS, room // share) for share in SHARES]
    sessions, runs = state.sessions[: most[0]], state.runs[: most[1]]
    left = max(FEWEST_ROWS, room - max(1, len(sessions)) - max(1, len(runs)))
    calls = [call for call, _ in zip(state.last_calls(), range(left), strict=False)]
    head = Text(one_line(title, width), style="bold")
    foot = Text(one_line(hint, width), style="dim")
    if state.problem is not None:
        foot = Text(one_line(state.problem, width), style="bold yellow")
    return Group(
        head,
        _heading("Sessions", state.session_count, len(sessions)),
        _sessions(sessions, now, width),
        _heading("Runs", state.run_count, len(runs)),
        _runs(runs, now, width),
        _heading("Calls", None, None, lost=state.lost),
        _calls(calls, now, width),
        foot,
    )


def _heading(name: str, count: int | None, shown: int | None, lost: int = 0) -> Text:
    text = Text(f"{name}" if count is None else f"{name} {count}", style="bold cyan")
    if count is not None and shown is not None and shown < count:
        text.append(f" ({shown} shown)", style="dim")
    if lost:
        text.append(f" ({lost} came too fast to be shown)", style="yellow")
    return text


def _table(*columns: tuple[int | None, int]) -> Table:
    """`columns` have a fixed width, or none and a share of what is left."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=1)
    for width, ratio in columns:
        if width is None:
            table.add_column(ratio=ratio, no_wrap=True, overflow="ellipsis")
        else:
            table.add_column(width=width, no_wrap=True, overflow="ellipsis")
    return table


def _none(text: str) -> Text:
    return Text(f"  {text}", style="dim")


def _sessions(rows: Sequence[Row], now: float, width: int) -> RenderableType:
    if not rows:
        return _none("none")
    wide = width >= WIDE
    table = _table((5, 0), (None, 2), (None, 3), (9, 0), (11, 0), (None, 2))
    for row in rows:
        notebooks: list[Row] = list(row["notebooks"])
        current = next((one for one in notebooks if one.get("current")), None)
        current = current or (notebooks[0] if notebooks else None)
        state = current and current.get("kernel_state")
        path = one_line(current["notebook_path"]) if current else ""
        more = f" +{len(notebooks) - 1}" if len(notebooks) > 1 else ""
        since = now - (seconds_of(row["last_call"]) or now)
        who = row.get("client") or "-"
        table.add_row(
            "",
            Text(row["session"]),
            Text(one_line(f"{who} ({row['owner']})" if wide else who)),
            Text(f"{_end(path, 30 if not wide else 60)}{more}"),
            Text(state or "no kernel", style=STATE_STYLES.get(state or "", "dim")),
            Text(f"{duration(since)} ago"),
            _last(row),
        )
    return table


def _last(row: Row) -> Text:
    """Whether a person has paused the session, or else what it called last."""
    if row.get("paused"):
        return Text("paused", style="yellow")
    return Text(row.get("last_tool") or "", style="dim")


def _runs(rows: Sequence[Row], now: float, width: int) -> RenderableType:
    if not rows:
        return _none("none")
    table = _table((9, 0), (5, 0), (None, 2), (8, 0), (9, 0), (None, 4))
    for row in rows:
        since = seconds_of(row.get("started")) or seconds_of(row["submitted"]) or now
        queued = row.get("waits_for")
        status = "queued" if queued else row["status"]
        table.add_row(
            "",
            Text(row["execution_id"]),
            Text(row["session"]),
            Text(one_line(_end(row["notebook_path"], 24))),
            Text(status, style="yellow" if status == "queued" else "green"),
            Text(duration(now - since)),
            Text(one_line(_what(row))),
        )
    return table


def _what(row: Row) -> str:
    """Which cell runs, or what it waits for."""
    parts = []
    if row.get("total") is not None:
        parts.append(f"{row['done']} of {row['total']} cells")
    if row.get("waits_for"):
        parts.append(f"waits for {row['waits_for']}")
    elif row.get("cell_id"):
        parts.append(f"cell {row['cell_id']}")
    if row.get("line"):
        parts.append(row["line"])
    return ": ".join(parts)


def _calls(rows: Sequence[Row], now: float, width: int) -> RenderableType:
    if not rows:
        return _none("none yet")
    table = _table((8, 0), (None, 3), (5, 0), (None, 3), (9, 0), (None, 2))
    for row in rows:
        table.add_row(
            "",
            Text(clock(row["began"]), style="dim"),
            Text(row["tool"]),
            Text(row.get("session") or "-"),
            Text(one_line(_end(row.get("notebook_path") or "", 30))),
            Text(duration(_took(row, now))),
            Text(row["outcome"], style=_outcome_style(row["outcome"])),
        )
    return table


def _took(row: Row, now: float) -> float:
    seconds: float | None = row.get("seconds")
    return seconds if seconds is not None else now - (seconds_of(row["began"]) or now)


def _outcome_style(outcome: str) -> str:
    return {"ok": "green", "running": "yellow", "cancelled": "yellow"}.get(outcome, "red")


def _end(path: str, width: int) -> str:
    """Of a long path its end, which tells more."""
    return path if len(path) <= width else f"…{path[-(width - 1) :]}"


class ActivityLines:
    """Events as lines, for a log."""

    def __init__(self) -> None:
        self._runs: dict[str, Row] = {}

    def of(self, kind: str, data: dict[str, Any]) -> list[str]:
        """The lines of an event; none where it says nothing new."""
        if kind == "call":
            return [_call_line(data)]
        if kind == "lost":
            return [f"{data['count']} calls came too fast to be shown"]
        if kind in ("activity", "runs"):
            lines = []
            if kind == "activity":
                lines = [_session_line(row) for row in data["sessions"]]
                lines += [_call_line(row) for row in reversed(data["calls"])]
            return [*lines, *self._run_lines(data["runs"])]
        return []

    def _run_lines(self, rows: list[Row]) -> list[str]:
        now = {row["execution_id"]: row for row in rows}
        before, self._runs = self._runs, now
        lines = [
            f"run   {row['execution_id']} {row['session']} {one_line(row['notebook_path'])} "
            f"{row['status']} {one_line(_what(row))}".rstrip()
            for name, row in now.items()
            if name not in before or before[name]["status"] != row["status"]
        ]
        over = [row for name, row in before.items() if name not in now]
        lines += [f"run   {row['execution_id']} {row['session']} is over" for row in over]
        return lines


def _session_line(row: Row) -> str:
    shown = ", ".join(
        f"{one_line(one['notebook_path'])} ({one.get('kernel_state') or 'no kernel'})"
        for one in row["notebooks"]
    )
    client = one_line(row.get("client") or "-")
    paused = "paused, " if row.get("paused") else ""
    return f"session {row['session']} {client} {one_line(row['owner'])}: {paused}{shown}"


def _call_line(row: Row) -> str:
    took = "goes on" if row.get("seconds") is None else duration(row["seconds"])
    parts = [clock(row["began"]), row["tool"], row.get("session") or "-", took, row["outcome"]]
    return one_line(" ".join([*parts, row.get("notebook_path") or ""]))
