"""Where jmcp works: in a JupyterLab or on a remote Jupyter Server, with collaboration or without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests import stdio
from tests.served import Served, configure, jupyter_server, lab, standalone
from tests.surfaces.contract.surfaces import Mcp, Rest, Surface, ToolsCall

SETUPS = ("local-live", "local-file", "remote-live", "remote-file")
"""Without collaboration notebooks are files."""


@contextmanager
def running_setup(name: str, base: Path) -> Iterator[Served]:
    file = name.endswith("-file")
    home, root = base / "home", base / "root"
    if name.startswith("local"):
        if file:
            off = {"jpserver_extensions": {"jupyter_server_ydoc": False}}
            configure(home, {"ServerApp": off})
        with lab(home, root) as served:
            yield served
        return
    with (
        jupyter_server(
            base / "jupyter", root, collaboration=not file, extensions=("jupyterlab",)
        ) as jupyter,
        standalone(home, jupyter) as served,
    ):
        yield served


@contextmanager
def surface(over: str, served: Served, home: Path) -> Iterator[Surface]:
    """A client of what is served; over stdio it starts a jmcp of its own on the same Jupyter."""
    if over == "stdio":
        assert served.jupyter is not None
        with stdio.surface(stdio.parameters(home, served.jupyter)) as through:
            yield through
    else:
        surfaces: dict[str, Surface] = {
            "mcp": Mcp(served, "auto"),
            "rest": Rest(served),
            "facade": ToolsCall(served),
        }
        yield surfaces[over]


class Setups:
    """One server per setup for all sequences, each started when it is first asked for."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._stack = ExitStack()
        self._served: dict[str, Served] = {}

    def __getitem__(self, name: str) -> Served:
        if name not in self._served:
            self._served[name] = self._stack.enter_context(running_setup(name, self._base / name))
        return self._served[name]

    def close(self) -> None:
        self._stack.close()
