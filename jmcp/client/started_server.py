"""A `jmcp serve` that was started because none ran: detached, and ended by itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from jmcp.core.errors import ServeError
from jmcp.state.running_servers import RunningServer, private_folder

START_SECONDS = 60.0
"""JupyterLab starts in three seconds, on a busy machine in twenty."""
POLL_SECONDS = 0.1
UNUSED_HOURS = 4
"""So long without a kernel and without a call or a page, and the server ends. Kernels that sessions
started end with these, after a day."""
END = (
    f"It ends after {UNUSED_HOURS} hours without kernels and calls, or when that process is ended."
)
NO_PROJECTS = ("/", "C:\\Windows\\System32")
"""Folders that desktop applications start their servers in, which nobody means."""
KEPT_LOG_SECONDS = 7 * 24 * 3600
LOG_TAIL_CHARACTERS = 2000


class StartedServer:
    """The process of a server on the folder `root`.

    Its stdout, which would have the token, goes nowhere; what it logs goes to the file `log`.
    """

    def __init__(self, root: Path, options: Sequence[str]) -> None:
        folder = private_folder()
        _remove_old_logs(folder)
        self.root = root
        self.log = folder / f"serve-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.log"
        self.end = END
        # -P: else Python would look for modules in that folder first, whatever lies there.
        command = [sys.executable, "-P", "-m", "jmcp"]
        command += ["serve", "--transport", "streamable-http"]
        command += ["--root-dir", str(root), "--host", "127.0.0.1", "--no-browser"]
        command += ["--unused-hours", str(UNUSED_HOURS), *options]
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._process = subprocess.Popen(
                command,
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=descriptor,
                **_detached(),
            )
        finally:
            os.close(descriptor)

    async def ready(
        self, answers: Callable[[int], Awaitable[RunningServer | None]]
    ) -> RunningServer:
        """The server, once `answers` has it for the process. Raises ServeError."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if (server := await answers(self._process.pid)) is not None:
                return server
            if (status := self._process.poll()) is not None:
                raise ServeError(f"jmcp serve ended with status {status}: {self._told()}")
            await asyncio.sleep(POLL_SECONDS)
        raise ServeError(
            f"jmcp serve (process {self._process.pid}) has not answered for {START_SECONDS:g} s; its "
            f"log is {self.log}"
        )

    def _told(self) -> str:
        with suppress(OSError):
            text = self.log.read_text(errors="replace").strip()
            return text[-LOG_TAIL_CHARACTERS:].removeprefix("jmcp: ")
        return f"its log is {self.log}"


def _detached() -> Mapping[str, Any]:
    """Options of Popen for a process that outlives this one and its terminal."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _remove_old_logs(folder: Path) -> None:
    for log in folder.glob("serve-*.log"):
        with suppress(OSError):
            if time.time() - log.stat().st_mtime > KEPT_LOG_SECONDS:
                log.unlink()


def project_folder(here: Path) -> Path:
    """The folder that a client means: the one it works in, unless that is where systems start programs."""
    if str(here) in NO_PROJECTS or not os.access(here, os.W_OK):
        return Path.home()
    return here
