"""Text of a stream: what a terminal would show, in time that its own length takes."""

from __future__ import annotations

import random
import re
import time

import pytest

from jmcp.core.outputs.stream_text import StreamText


def terminal(text: str) -> str:
    """The same by the simplest means."""
    done, line, column = "", "", 0
    for piece in re.split("([\r\n\b])", text):
        if piece == "\n":
            done, line, column = done + line + "\n", "", 0
        elif piece == "\r":
            column = 0
        elif piece == "\b":
            column = max(0, column - 1)
        else:
            line = line[:column] + piece + line[column + len(piece) :]
            column += len(piece)
    return done + line


@pytest.mark.parametrize("seed", range(200))
def test_any_text_in_any_pieces_is_what_a_terminal_shows(seed: int) -> None:
    chance = random.Random(seed)
    pieces = [
        "".join(chance.choice("ab😀\r\n\b") for _ in range(chance.randrange(8))) for _ in range(12)
    ]
    text, known = StreamText(), ""
    for piece in pieces:
        text.append(piece)
        if chance.random() < 0.5:
            grown = text.take()
            known = str(text) if grown is None else known + grown
            assert known == str(text)
        assert len(text) == len(str(text))
    assert str(text) == terminal("".join(pieces))


def seconds(line: int) -> float:
    """What it takes to go back in a line of that length and write over it, again and again."""
    text = StreamText()
    text.append("x" * line)
    began = time.process_time()
    text.append("\b\by" * 2_000)
    for _ in range(2_000):
        text.append("\b\by")
    return time.process_time() - began


def test_a_long_line_costs_no_more_than_a_short_one() -> None:
    seconds(10)
    short, long = min(seconds(1_000) for _ in range(3)), min(seconds(1_000_000) for _ in range(3))
    assert long < 10 * short + 0.05
