"""Text of terminals is made plain in pieces as it is at once."""

from __future__ import annotations

import pytest

from jmcp.core.outputs import terminal

TEXTS = {
    "colours": "\x1b[31mred\x1b[0m" * 50,
    "lines": "\x1b[1mline\x1b[0m\n" * 50,
    "plain": "x" * 500,
    "links": "\x1b]8;;http://x/\x07x\x1b]8;;\x07" * 20,
    "unfinished": "x" * 200 + "\x1b[" * 100,
    "nothing": "",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("size", [32, 33, 47, 100, 10_000])
def test_pieces_say_what_the_text_says(
    text: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "PIECE_CHARACTERS", size)
    pieces = [*terminal.pieces(text)]
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= size for piece in pieces)
    assert "".join(map(terminal.plain, pieces)) == terminal.plain(text)
