"""How many functions of jmcp one argument of a call passes on its way to the document.

A station is a function of jmcp that is handed the argument: as bytes, as JSON, within params or by
itself. `docs/architecture.md` lists them; JMCP_UPDATE_DOCS=1 writes the lists anew.
"""

from __future__ import annotations

import dataclasses
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import CO_VARARGS, CO_VARKEYWORDS
from pathlib import Path
from types import FrameType
from typing import Any

import httpx2
import nbformat
import pytest
from pydantic import BaseModel

from tests.jupyter_process import TOKEN, StartJupyter

ROOT = Path(__file__).parents[2]
PACKAGES = (ROOT / "jmcp", ROOT / "handlers", ROOT / "generated")
PAGE = ROOT / "docs" / "architecture.md"
DOCUMENT = "jmcp_jupyter/documents/live/"
MOST_STATIONS = 30
"""From the wire to the document. There were 56 there and back, under nine names, before there was
one lease for each call."""
MARK = "b2f0c1d4"
"""The argument: a cell's id, or a source. No other value contains it."""
PROTOCOL = "2025-06-18"

Station = tuple[str, str]
"""File and qualified name of a function."""


@contextmanager
def traced() -> Iterator[list[Station]]:
    """The stations in their order, each once."""
    stations: list[Station] = []

    def on_event(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        path = Path(code.co_filename)
        if event != "call" or not any(path.is_relative_to(one) for one in PACKAGES):
            return
        where = path.relative_to(ROOT).as_posix().removeprefix("handlers/")
        station = (where, code.co_qualname.replace(".<locals>", ""))
        if "<" not in code.co_name and station not in stations and _handed(frame):
            stations.append(station)

    sys.setprofile(on_event)
    try:
        yield stations
    finally:
        sys.setprofile(None)


def _handed(frame: FrameType) -> bool:
    """Whether any argument of the function contains the mark, or what a closure has.

    Not its other variables: a coroutine that goes on after it waited is told of as if it were called.
    """
    code = frame.f_code
    variadic = bool(code.co_flags & CO_VARARGS) + bool(code.co_flags & CO_VARKEYWORDS)
    handed = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + variadic]
    handed += code.co_freevars
    return any(
        _is_data(value) and MARK in repr(value)
        for name, value in frame.f_locals.items()
        if name in handed and (name != "self" or isinstance(value, BaseModel))
    )


def _is_data(value: Any) -> bool:
    plain = isinstance(value, (str, bytes, dict, list, tuple, BaseModel))
    return plain or (dataclasses.is_dataclass(value) and not isinstance(value, type))


async def way_of(jupyter: StartJupyter, tool: str, arguments: dict[str, Any]) -> list[Station]:
    """The stations of one call over MCP inside Jupyter, on a notebook that was used before."""
    app = await jupyter(extensions=("jmcp",))
    cell = nbformat.v4.new_code_cell("1 + 1", id=MARK)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), Path(app.root_dir) / "a.ipynb")
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": PROTOCOL,
    }
    url = f"http://127.0.0.1:{app.port}{app.base_url}mcp"

    async with httpx2.AsyncClient(headers=headers, timeout=60) as client:

        async def send(method: str, params: dict[str, Any]) -> httpx2.Response:
            message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            answer = await client.post(url, json=message)
            assert answer.status_code == 200, answer.text
            return answer

        about = {"name": "test", "version": "1"}
        hello = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": about}
        client.headers["Mcp-Session-Id"] = (await send("initialize", hello)).headers[
            "Mcp-Session-Id"
        ]
        initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        await client.post(url, json=initialized)
        opening = {"notebook_path": "a.ipynb"}
        await send("tools/call", {"name": "use_notebook", "arguments": opening})
        call = {"name": tool, "arguments": arguments}
        await send("tools/call", call)  # starts the kernel
        with traced() as stations:
            answer = await send("tools/call", call)
    assert MARK in answer.text
    assert '"isError":true' not in answer.text.replace(" ", "")
    return stations


CALLS: dict[str, dict[str, Any]] = {
    "execute_cell": {"cell_id": MARK},
    "insert_cell": {"cell_type": "code", "cell_source": MARK, "cell_index": -1},
}


@pytest.mark.parametrize("tool", CALLS)
async def test_an_argument_is_at_the_document_after_a_few_stations(
    jupyter: StartJupyter, tool: str
) -> None:
    stations = await way_of(jupyter, tool, CALLS[tool])
    at_document = next(at for at, (file, _) in enumerate(stations) if DOCUMENT in file)
    way = stations[: at_document + 1]
    assert len(way) <= MOST_STATIONS, way
    listing = "".join(f"| {at} | `{file}` | `{name}` |\n" for at, (file, name) in enumerate(way, 1))
    table = f"| | file | function |\n|---|---|---|\n{listing}"
    page = PAGE.read_text()
    known = re.compile(rf"(<!-- {tool} -->\n).*?(<!-- end -->)", re.DOTALL)
    assert known.search(page) is not None
    updated = known.sub(lambda found: f"{found[1]}{table}{found[2]}", page)
    if os.environ.get("JMCP_UPDATE_DOCS") == "1":
        PAGE.write_text(updated)
    assert updated == PAGE.read_text(), "the lists in docs/architecture.md are of another version"
