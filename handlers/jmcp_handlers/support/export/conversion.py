"""A notebook as a file of another format, and the images that this refers to."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jmcp_api.enums import ExportFormat
from jmcp_api.errors import ExportFailed

CONVERSION_SECONDS = 60.0
"""For one notebook, with the start of the process."""
REASON_CHARACTERS = 300
"""Of what nbconvert said."""
_PROCESSES = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jmcp-export")
"""One at a time in this server: each takes some 100 MB."""
_PROGRAM = str(Path(__file__).with_name("conversion_process.py"))


async def convert(notebook: Mapping[str, Any], kind: ExportFormat, name: str) -> dict[str, bytes]:
    """The files by name, that of the notebook first. Another process makes them: it can be ended,
    and does not block the event loop.

    Raises export_failed.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_PROCESSES, converter, notebook, kind, name)


def by_process(notebook: Mapping[str, Any], kind: ExportFormat, name: str) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="jmcp-export-") as folder:
        (Path(folder) / "notebook.json").write_text(json.dumps(notebook), "utf-8")
        asked = {"format": kind, "name": name, "folder": folder}
        try:
            ended = subprocess.run(
                [sys.executable, "-P", "-W", "ignore", _PROGRAM],
                input=json.dumps(asked).encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=CONVERSION_SECONDS,
                check=True,
                cwd=folder,
            )
        except subprocess.TimeoutExpired as error:
            raise ExportFailed.too_slow(kind=kind, seconds=CONVERSION_SECONDS) from error
        except subprocess.CalledProcessError as error:
            raise ExportFailed.ended(kind=kind, status=error.returncode) from error
        answer = json.loads(ended.stdout)
        if "missing" in answer:
            raise ExportFailed.library_missing(kind=kind, library=answer["missing"])
        if "error" in answer:
            reason = " ".join(answer["error"].split())[:REASON_CHARACTERS]
            raise ExportFailed.raised(kind=kind, reason=reason)
        return {
            name: (Path(folder) / str(number)).read_bytes()
            for number, name in enumerate(answer["files"])
        }


converter: Callable[[Mapping[str, Any], ExportFormat, str], dict[str, bytes]] = by_process
"""What converts. Tests that make hundreds of exports do it without the process."""
