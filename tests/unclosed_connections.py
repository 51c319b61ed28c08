"""SQLite connections that nobody closes, as Python from 3.13 on tells of them: with a ResourceWarning.

Warnings are errors, in whichever test the collector meets the connection. With JMCP_UNCLOSED=1 older
versions warn too, and say where the connection was opened.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import traceback
import warnings
from typing import Any

CONNECT = sqlite3.connect
FRAMES = 12


class TellingConnection(sqlite3.Connection):
    """Warns when it is collected and was not closed."""

    _closed = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._opened = ""
        super().__init__(*args, **kwargs)
        frames = traceback.extract_stack(limit=FRAMES)[:-2]
        self._opened = " < ".join(
            f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno}"
            for frame in reversed(frames)
        )

    def close(self) -> None:
        super().close()
        self._closed = True

    def __del__(self) -> None:
        if self._opened and not self._closed:
            super().close()
            warnings.warn(
                f"unclosed database, opened at {self._opened}", ResourceWarning, stacklevel=1
            )


def connect(*args: Any, **kwargs: Any) -> Any:
    kwargs.setdefault("factory", TellingConnection)
    return CONNECT(*args, **kwargs)


def tell_of_unclosed_connections() -> None:
    """From now on in this process, where that is asked for and Python does not do so itself."""
    if os.environ.get("JMCP_UNCLOSED") == "1" and sys.version_info < (3, 13):
        sqlite3.connect = connect
