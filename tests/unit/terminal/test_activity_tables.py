"""What goes on fits 80 columns, and nothing of others reaches the terminal as more than text."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from jmcp.terminal.activity_state import ActivityState
from jmcp.terminal.activity_tables import ActivityLines, screen
from jmcp.terminal.plain_text import coloured, one_line

NOW = "2026-01-02T03:04:05.000+00:00"
EVIL = "a\x1b]0;owned\x07\x1b[2Jb\r\n\u202ec"
SESSION = {
    "session": "ab***",
    "owner": "alice",
    "client": "claude-code",
    "last_tool": "execute_cell",
    "opened": NOW,
    "last_call": NOW,
    "notebooks": [
        {
            "notebook_path": f"deep/{'x' * 90}/analysis.ipynb",
            "current": True,
            "kernel_state": "busy",
        }
    ],
}
RUN = {
    "execution_id": "1a2b3c4d",
    "session": "ab***",
    "owner": "alice",
    "notebook_path": "analysis.ipynb",
    "status": "queued",
    "submitted": NOW,
    "waits_for": "a run of another user",
    "cell_id": "c1",
    "line": "train()",
}
CALL = {
    "call": 1,
    "tool": "execute_cell",
    "owner": "alice",
    "session": "ab***",
    "client": None,
    "notebook_path": "analysis.ipynb",
    "began": NOW,
    "seconds": 0.25,
    "outcome": "cell_not_found",
}


def snapshot(**changed: Any) -> dict[str, Any]:
    whole = {
        "now": NOW,
        "session_count": 1,
        "sessions": [SESSION],
        "run_count": 1,
        "runs": [RUN],
        "calls": [CALL],
    }
    return whole | changed


def drawn(state: ActivityState, width: int, height: int) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width, height=height, force_terminal=False, highlight=False)
    shown = screen(state, title="jmcp", width=width, height=height, at=1.0, hint="q quits")
    console.print(shown)
    return file.getvalue().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 15), (160, 50)])
def test_it_fits_the_terminal(width: int, height: int) -> None:
    state = ActivityState()
    many = snapshot(
        session_count=300,
        sessions=[SESSION] * 100,
        run_count=300,
        runs=[RUN] * 100,
        calls=[CALL] * 100,
    )
    state.apply("activity", many, 0.0)
    lines = drawn(state, width, height)
    assert len(lines) <= max(height, 22)
    assert max(map(len, lines)) <= width
    assert "Sessions 300" in "\n".join(lines)


def test_who_what_and_how_it_ended_are_shown_at_80_columns() -> None:
    state = ActivityState()
    state.apply("activity", snapshot(), 0.0)
    text = "\n".join(drawn(state, 80, 24))
    for word in ("ab***", "claude-code", "analysis.ipynb", "busy", "queued", "waits for a run of"):
        assert word in text
    for word in ("execute_cell", "0.2 s", "cell_not_fou"):
        assert word in text


def test_what_goes_on_is_replaced_and_calls_are_added() -> None:
    state = ActivityState()
    state.apply("activity", snapshot(calls=[]), 0.0)
    going = CALL | {"call": 7, "seconds": None, "outcome": "running"}
    state.apply("under_way", {"now": NOW, "calls": [going]}, 1.0)
    assert [call["outcome"] for call in state.last_calls()] == ["running"]
    state.apply("call", CALL | {"call": 7}, 2.0)
    state.apply("runs", {"now": NOW, "run_count": 0, "runs": []}, 2.0)
    state.apply("lost", {"count": 3}, 2.0)
    assert [call["outcome"] for call in state.last_calls()] == ["cell_not_found"]
    assert (state.run_count, state.lost) == (0, 3)
    assert "3 came too fast" in "\n".join(drawn(state, 80, 24))


def test_the_clock_is_the_servers() -> None:
    state = ActivityState()
    state.apply("activity", snapshot(), 100.0)
    assert state.server_now(103.0) - state.now == 3.0


def test_nothing_of_others_is_obeyed_by_the_terminal() -> None:
    state = ActivityState()
    evil = SESSION | {"client": EVIL, "notebooks": [{"notebook_path": EVIL, "current": True}]}
    rows = snapshot(
        sessions=[evil],
        runs=[RUN | {"notebook_path": EVIL, "line": EVIL, "waits_for": None}],
        calls=[CALL | {"notebook_path": EVIL}],
    )
    state.apply("activity", rows, 0.0)
    lines = [*drawn(state, 80, 24), *ActivityLines().of("activity", rows)]
    assert all(line.isprintable() for line in lines), lines
    assert "\x07" not in coloured(f"\x1b[31mred\x1b[0m {EVIL}").plain
    assert "\x1b" not in coloured(f"\x1b[31mred\x1b[0m {EVIL}").plain
    assert one_line(EVIL).isprintable()


def test_a_paused_session_is_marked() -> None:
    paused = snapshot(sessions=[SESSION | {"paused": True}])
    state = ActivityState()
    state.apply("activity", paused, 0.0)
    assert "paused" in "\n".join(drawn(state, 80, 24))
    told, untold = (
        ActivityLines().of("activity", paused),
        ActivityLines().of("activity", snapshot()),
    )
    assert "paused" in "\n".join(told)
    assert "paused" not in "\n".join(untold)


def test_lines_tell_of_runs_that_begin_and_end() -> None:
    lines = ActivityLines()
    assert any(line.startswith("run   1a2b3c4d") for line in lines.of("activity", snapshot()))
    assert lines.of("runs", {"runs": [RUN]}) == []
    assert "running" in lines.of("runs", {"runs": [RUN | {"status": "running"}]})[0]
    assert lines.of("runs", {"runs": []}) == ["run   1a2b3c4d ab*** is over"]
