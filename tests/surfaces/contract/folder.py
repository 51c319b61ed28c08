"""Puts a server's folder into the state that an example starts from, and empties it again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote

import httpx2

from tests.pages import KINDS, connected_page
from tests.served import Served
from tests.surfaces.contract.examples import Example, Fixture
from tests.surfaces.contract.surfaces import CALL_SECONDS, Surface, ToolsCall


class Stage:
    """Makes what an example starts from, over the surface that `tools` is."""

    def __init__(self, tools: Surface) -> None:
        self._tools = tools
        self.values: dict[str, str] = {}
        self._connected = AsyncExitStack()

    @property
    def takes_pages(self) -> bool:
        """Whether pages of JupyterLab can be connected to the server."""
        return True

    def write(self, files: Mapping[str, str]) -> None:
        raise NotImplementedError

    async def connect_page(self, kind: str) -> None:
        """A page of that kind (`tests.pages.KINDS`), until `leave`."""
        raise NotImplementedError

    async def leave(self) -> None:
        """Close the pages."""
        await self._connected.aclose()

    async def prepare(self, example: Example, fixture: Fixture) -> dict[str, Any]:
        """Create, open and run what the fixture says; returns the arguments of the call."""
        self.write(fixture.files(example.also))
        self.values = {}
        if fixture.open:
            opened = await self._do("use_notebook", notebook_path=fixture.notebook)
            self.values["session_id"] = opened["session_id"]
        if fixture.page is not None and self.takes_pages:
            await self.connect_page(fixture.page)
        if fixture.shown:
            await self._do("prepare_notebook", notebook_path=fixture.notebook)
        if fixture.checkpoint:
            await self._do("create_checkpoint", session_id=self.values["session_id"])
        for cell_id in fixture.edited:
            edited = await self._do(
                "overwrite_cell_source",
                session_id=self.values["session_id"],
                cell_id=cell_id,
                cell_source="by = 'this session'",
            )
            self.values["change_id"] = edited["change_id"]
        if fixture.changed or fixture.inserted:
            await self._change(fixture)
        for cell_id in fixture.overwritten:
            await self._do(
                "overwrite_cell_source",
                session_id=self.values["session_id"],
                cell_id=cell_id,
                cell_source="by = 'this session'",
                force=True,
            )
        for cell_id in fixture.run:
            run = await self._do(
                "execute_cell", session_id=self.values["session_id"], cell_id=cell_id
            )
            self.values["execution_id"] = run["execution_id"]
        for cell_id in fixture.running:
            await self._do(
                "execute_cell", session_id=self.values["session_id"], cell_id=cell_id, wait=0
            )
        for cell_id in fixture.running_for_others:
            other = await self._do("use_notebook", notebook_path=fixture.notebook)
            await self._do("execute_cell", session_id=other["session_id"], cell_id=cell_id, wait=0)
        if fixture.run:
            kernels = await self._do("list_kernels")
            self.values["kernel_id"] = kernels["kernels"][0]["kernel_id"]
        arguments = {key: self._filled(value) for key, value in example.call.items()}
        if fixture.open and example.session != "none" and example.also is None:
            arguments.setdefault("session_id", self.values["session_id"])
        return arguments

    async def _change(self, fixture: Fixture) -> None:
        """The session reads the cells, then another one changes some of them or inserts others."""
        await self._do(
            "read_notebook", session_id=self.values["session_id"], response_format="detailed"
        )
        other = await self._do("use_notebook", notebook_path=fixture.notebook)
        self.values["other_session_id"] = other["session_id"]
        for cell_id in fixture.changed:
            await self._do(
                "overwrite_cell_source",
                session_id=other["session_id"],
                cell_id=cell_id,
                cell_source="by = 'another session'",
            )
        for _ in range(fixture.inserted):
            await self._do(
                "insert_cell",
                session_id=other["session_id"],
                cell_index=0,
                cell_type="code",
                cell_source="by = 'another session'",
            )

    def _filled(self, value: Any) -> Any:
        return value.format(**self.values) if isinstance(value, str) and value[:1] == "{" else value

    async def _do(self, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await self._tools.call(tool, arguments)
        assert answer.result is not None, answer.text
        return answer.result


class Folder(Stage):
    """A served folder with the sessions and kernels that hang on it."""

    def __init__(self, served: Served, tools: Surface | None = None) -> None:
        super().__init__(tools or ToolsCall(served))
        self._served = served
        # Of a jmcp outside of it, files and kernels are the business of the server it works on.
        self._jupyter = served.jupyter or served

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            (self._served.root / name).parent.mkdir(exist_ok=True)
            (self._served.root / name).write_text(text)

    @property
    def takes_pages(self) -> bool:
        return self._served.jupyter is None

    async def connect_page(self, kind: str) -> None:
        await self._connected.enter_async_context(connected_page(self._served, KINDS[kind]))

    async def empty(self) -> None:
        """End every session with its kernel and delete every file, as a person would."""
        listed = await self._do("list_notebooks", limit=1000)
        for row in listed["notebooks"]:
            await self._do(
                "unuse_notebook",
                session_id=row["session_id"],
                notebook_path=row["notebook_path"],
                kernel="stop",
                confirm=True,
            )
        files = await self._do("list_files", limit=0)
        async with httpx2.AsyncClient(
            base_url=self._jupyter.url, headers=self._jupyter.headers, timeout=CALL_SECONDS
        ) as http:
            for kernel in (await http.get("api/kernels")).json():
                stopped = await http.delete(f"api/kernels/{kernel['id']}")
                # A script's own kernel ends by itself, perhaps just now.
                assert stopped.status_code in (204, 404)
            await _forget_workspaces(http)
            # What is in a folder before the folder, which only an empty one can be deleted of.
            for row in sorted(files["files"], key=lambda row: row["path"], reverse=True):
                gone = await http.delete(f"api/contents/{quote(row['path'])}")
                assert gone.status_code == 204, (row["path"], gone.text)


async def _forget_workspaces(http: httpx2.AsyncClient) -> None:
    """Delete what JupyterLab has saved of its tabs, where there is one."""
    listed = await http.get("lab/api/workspaces")
    if listed.status_code == 404:
        return
    for name in listed.json()["workspaces"]["ids"]:
        gone = await http.delete(f"lab/api/workspaces/{name.lstrip('/')}")
        assert gone.status_code == 204, (name, gone.text)
