"""Text of others, as a terminal may have it."""

from __future__ import annotations

from rich.text import Text

CUT = "…"


def one_line(text: str, width: int | None = None) -> str:
    """The text on one line, without what a terminal would obey; cut where it is wider."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text.strip())
    if width is not None and len(shown) > width:
        return shown[: max(0, width - 1)] + CUT
    return shown


def coloured(text: str) -> Text:
    """With the colours that it asks for, and nothing else of what a terminal would obey."""
    made = Text.from_ansi(text)
    made.plain = "".join(
        letter if letter.isprintable() or letter == "\n" else " " for letter in made.plain
    )
    return made


def duration(seconds: float) -> str:
    """Short, in the unit that fits."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"
