"""The session that a command line goes on with: of its terminal, or else of its folder.

What somebody opens in one terminal they do not mean in another. A script, or an agent that starts a
shell for each command, has no terminal, and works in one folder.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from jmcp.state.running_servers import private_folder

log = logging.getLogger("jmcp")
KEPT_SECONDS = 7 * 24 * 3600
"""A session that nobody uses ends after a day; what is older is of no use."""


def shell() -> str:
    """What tells this command line from others."""
    try:
        # There is one only where there is a terminal, whatever of the three streams is redirected.
        os.close(os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY))
        return f"terminal {os.getsid(0)}"
    except (OSError, AttributeError):  # Windows has neither
        return f"folder {Path.cwd()}"


class ShellSession:
    """The session of one command line at the server of one place."""

    def __init__(self, place: str) -> None:
        self._name = hashlib.sha256(f"{place}\n{shell()}".encode()).hexdigest()[:32]

    def read(self) -> str | None:
        """Its id; None where there is none, or it cannot be read. Raises ServeError."""
        try:
            data = json.loads(self._path().read_bytes())
            session_id = data["session_id"]
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return session_id if isinstance(session_id, str) else None

    def write(self, session_id: str | None) -> None:
        """Where that cannot be written, it is logged: the call that opened it is not undone by that.

        Raises ServeError.
        """
        try:
            self._write(session_id)
        except OSError as error:
            log.warning("the next call will not find session %s: %s", session_id, error)

    def _write(self, session_id: str | None) -> None:
        path = self._path()
        if session_id is None:
            path.unlink(missing_ok=True)
            return
        _remove_old(path.parent)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new")
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump({"session_id": session_id}, file)
            os.replace(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)

    def _path(self) -> Path:
        folder = private_folder() / "shells"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"{self._name}.json"


def _remove_old(folder: Path) -> None:
    for file in folder.glob("*"):
        with suppress(OSError):
            if time.time() - file.stat().st_mtime > KEPT_SECONDS:
                file.unlink()
