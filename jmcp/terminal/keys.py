"""Single keys from a terminal, which is left as it was."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

KEY_BYTES = 64


@contextmanager
def keys(told: Callable[[str], None]) -> Iterator[None]:
    """While this lasts, `told` gets each key. Without a terminal, or where it has none to give
    (Windows), it gets none."""
    try:
        import termios
        import tty

        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (ImportError, OSError, ValueError, AttributeError):
        yield
        return
    except termios.error:  # stdin is no terminal
        yield
        return

    def read() -> None:
        for letter in os.read(descriptor, KEY_BYTES).decode(errors="replace"):
            told(letter)

    loop = asyncio.get_running_loop()
    tty.setcbreak(descriptor)
    try:
        loop.add_reader(descriptor, read)
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
