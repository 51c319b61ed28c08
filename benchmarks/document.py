"""Tables inside a Markdown document, between `<!-- NAME -->` and `<!-- end of NAME -->`."""

from __future__ import annotations

import platform
import re
from importlib.metadata import version
from os import cpu_count
from pathlib import Path

VERSIONS = ("mcp", "jupyter_server", "jupyterlab", "ipykernel", "pycrdt")
"""Of the packages that figures depend on most."""


def replace_table(document: Path, name: str, table: str) -> None:
    """Put a table where the document has one of that name. Raises ValueError if it has none."""
    text = document.read_text()
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    if begin not in text or end not in text:
        raise ValueError(f"{document} has no place for the table {name!r}")
    before, _, rest = text.partition(begin)
    after = rest.partition(end)[2]
    document.write_text(f"{before}{begin}\n{table}\n{end}{after}")


def machine() -> str:
    """One line about where the figures are from."""
    packages = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return (
        f"{cpu_count()} cores ({_processor()}), {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, {packages}."
    )


def _processor() -> str:
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.processor()
