"""One server and several who have tokens of it."""

from __future__ import annotations

import hashlib
import json
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import httpx2
import nbformat as untyped_nbformat

from jmcp.core.calls.principal import Scope
from jmcp.core.calls.tool import Route, Tool
from jmcp.state.named_tokens import NamedTokens
from tests.served import Served, jupyter_server, serve, standalone
from tests.surfaces.contract.examples import load
from tests.surfaces.contract.surfaces import CALL_SECONDS

nbformat: Any = untyped_nbformat

TLS = ssl.create_default_context()
"""Made once: it takes longer than a call, and no server here speaks it."""

Mode = Literal["local", "remote"]
EXAMPLES, _ = load()
EXAMPLE = {example.tool: example for example in reversed(EXAMPLES) if example.raises is None}
"""The first success of each tool: arguments that it takes."""

CELLS = ("print('hello')", "x = 1\ny = 2\nx", "x + y")


def arguments(tool: Tool, **values: str) -> dict[str, Any]:
    """Arguments that fit the tool, with `values` where its example has a placeholder."""
    back = {target: own for own, target in tool.renames.items()}
    call = EXAMPLE[tool.handler].call
    filled = {
        name: value.format(**values) if isinstance(value, str) and value[:1] == "{" else value
        for name, value in call.items()
        if name not in tool.presets
    }
    return {back.get(name, name): value for name, value in filled.items()}


def path_of(route: Route, values: Mapping[str, Any]) -> str:
    """The path of an operation with these values in it."""
    path = re.sub(r"{(\w+):path}", r"{\1}", route.path)
    return path.format(**{key: quote(str(values[key]), safe="") for key in route.path_params})


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClient:
    """Somebody with a token. `served` is the server as that one reaches it."""

    served: Served

    async def post(self, tool: str, /, **arguments: Any) -> httpx2.Response:
        async with self.client() as http:
            body = {"tool_name": tool, "arguments": arguments}
            return await http.post("mcp/tools/call", json=body)

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """The result of a call that has to succeed."""
        answer = await self.post(tool, **arguments)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()["result"]
        return result

    async def refused(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """The problem that a call has to end with."""
        answer = await self.post(tool, **arguments)
        assert answer.status_code >= 400, answer.text
        problem: dict[str, Any] = answer.json()
        return problem

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=self.served.url,
            headers=self.served.headers,
            timeout=CALL_SECONDS,
            verify=TLS,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenServer:
    """A running server and the tokens of whoever runs it."""

    served: Served
    tokens: NamedTokens
    names: dict[str, TokenClient] = field(default_factory=dict)

    @property
    def operator(self) -> TokenClient:
        """Who runs it, with the server's own token."""
        return TokenClient(served=self.served)

    def token_client(self, name: str, scope: Scope = "execute") -> TokenClient:
        """Whoever has that name's token, made the first time."""
        if name not in self.names:
            token = self.tokens.create(name, (scope,), None)
            self.names[name] = TokenClient(served=replace(self.served, token=token))
        return self.names[name]

    def write(self, *names: str) -> None:
        for name in names:
            notebook = nbformat.v4.new_notebook(metadata={"kernelspec": KERNELSPEC})
            for number, source in enumerate(CELLS, 1):
                cell = nbformat.v4.new_code_cell(source, id=f"aaaa000{number}")
                notebook.cells.append(cell)
            nbformat.write(notebook, self.served.root / name)

    async def kernels(self) -> list[str]:
        """The ids of all kernels, as Jupyter tells them."""
        jupyter = self.served.jupyter or self.served
        async with TokenClient(served=jupyter).client() as http:
            found = (await http.get("api/kernels")).json()
        return sorted(kernel["id"] for kernel in found)


KERNELSPEC = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


@contextmanager
def token_server(
    base: Path, mode: Mode, *options: str, jupyter: Served | None = None
) -> Iterator[TokenServer]:
    """jmcp in the process of JupyterLab, or on a remote Jupyter Server: that one, or a new one."""
    home = base / "home"
    tokens = NamedTokens(home / ".config" / "jmcp")
    if mode == "local":
        with serve(home, base / "root", *options) as served:
            yield TokenServer(served=served, tokens=tokens)
        return
    with ExitStack() as stack:
        if jupyter is None:
            made = jupyter_server(base / "jupyter", base / "root", collaboration=False)
            jupyter = stack.enter_context(made)
        served = stack.enter_context(standalone(home, jupyter, *options))
        yield TokenServer(served=served, tokens=tokens)


def digest(root: Path) -> str:
    """What lies in a folder: names and contents."""
    found = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        found.update(json.dumps(str(path.relative_to(root))).encode())
        if path.is_file():
            found.update(path.read_bytes())
    return found.hexdigest()
