"""Where sessions and the change journal are kept, and the servers that run."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from jmcp.client.servers import Endpoint
from jmcp.core.errors import ServeError
from jmcp.doctor.finding import Finding, problem, warning
from jmcp.doctor.installation import configured
from jmcp.state.folder import check_store, state_folder
from jmcp.state.running_servers import RunningServer, running_servers

WAYS = ("collaboration", "jmcp", "file")
CHECKED_BYTES = 64 * 2**20
"""A state file of more is opened, and not read through."""


def place() -> str:
    """What `jmcp serve` would work on from here."""
    values = configured()
    url: str | None = values["document_url"] or values["jupyter_url"]
    return url or str((values["root_dir"] or Path()).resolve())


async def store() -> Sequence[Finding]:
    return await asyncio.to_thread(_store)


def _store() -> Sequence[Finding]:
    where = configured()["store"]
    if where == "memory":
        fact = "in memory: sessions and unsaved edits end with the server"
        return [warning("store", fact, "leave store out of the configuration")]
    folder = state_folder(place())
    found = [_folder(folder)]
    if where != "sqlite":
        try:
            check_store(where)
        except ServeError as error:
            found.append(problem("store", str(error), "start it, or choose another store"))
        else:
            found.append(Finding(about="store", fact="the Redis answers"))
    return found


def _folder(folder: Path) -> Finding:
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not os.access(there, os.W_OK):
        remedy = "make it writable: sessions and unsaved edits would not survive a restart"
        return problem("store", f"{there} cannot be written", remedy)
    path = folder / "state.db"
    if not path.exists():
        return Finding(about="store", fact=f"none yet for {place()}; it will be in {folder}")
    size = path.stat().st_size
    check = "PRAGMA quick_check(1)" if size <= CHECKED_BYTES else "PRAGMA schema_version"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as state:
            [(result,)] = state.execute(check).fetchall()
    except sqlite3.Error as error:
        result = str(error)
    if isinstance(result, str) and result != "ok":
        remedy = "the next jmcp serve sets it aside and makes a new one"
        return problem("store", f"{path} is damaged ({result})", remedy)
    return Finding(about="store", fact=f"{path} ({size:,} bytes)")


async def servers() -> Sequence[Finding]:
    """The servers that `jmcp connect` would find, and what they answer."""
    try:
        found = running_servers()
    except ServeError as error:
        return [problem("servers", str(error), "jmcp connect refuses the folder until then")]
    refused = [
        warning("servers", sentence, "end it, or remove the file") for sentence in found.refused
    ]
    if not found.servers:
        fact = "none runs; jmcp connect starts one"
        return [*refused, Finding(about="servers", fact=fact)]
    return [*refused, *await asyncio.gather(*(_server(one) for one in found.servers))]


async def _server(server: RunningServer) -> Finding:
    fact = f"{server.url} on {server.place} (process {server.pid}, version {server.version})"
    health = await Endpoint(server=server).health()
    if health == "silent":
        return problem("servers", f"{fact} does not answer", f"end process {server.pid}")
    if health == "refuses":
        remedy = "jmcp connect --url with a token of that Jupyter Server in JMCP_TOKEN"
        return warning("servers", f"{fact} lets in only whom its Jupyter knows", remedy)
    about = await Endpoint(server=server).about()
    return Finding(about="servers", fact=f"{fact} {health}{_of_notebooks(about)}")


def _of_notebooks(about: Mapping[str, Any]) -> str:
    """How its notebooks are open, and how many pages are connected, as far as it says."""
    way, pages = about.get("notebooks"), about.get("pages")
    if way not in WAYS:
        return ""
    connected = f", {pages} connected" if isinstance(pages, int) else ""
    return f"; notebooks in pages of JupyterLab: {way}{connected}"
