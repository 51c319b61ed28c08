"""A chat client that shows views, as MCP Apps says: a page on one origin, a sandbox on another, and
the SDK's AppBridge between the view and a real MCP client."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
from mcp.client import Client, advertise
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, Implementation, TextContent, TextResourceContents
from playwright.async_api import Browser, FrameLocator, Page

from jmcp.transport.mcp.views import EXTENSION, VIEW_TYPE
from tests.e2e.lab import PATIENCE_MILLISECONDS
from tests.node_tools import NodeTools
from tests.served import Served

WEB = Path(__file__).parents[3] / "web"
CALL_SECONDS = 180
BUILD_SECONDS = 120
URI = "ui://jmcp/output"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'unsafe-inline'",
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "media-src 'self' data:",
        "frame-src 'none'",
        "object-src 'none'",
        "base-uri 'self'",
    )
)
"""What MCP Apps (2026-01-26) has a client make of a resource that declares no domains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPages:
    """The addresses of the chat client's page and of its sandbox."""

    host: str
    sandbox: str


def built_host(folder: Path, node_tools: NodeTools) -> Path:
    """The folder with the pages of the chat client."""
    command = [
        "build",
        "--config",
        "vite.test-host.config.ts",
        "--outDir",
        str(folder),
        "--emptyOutDir",
    ]
    subprocess.run(
        [str(node_tools.node), "node_modules/vite/bin/vite.js", *command, "--logLevel", "warn"],
        cwd=WEB,
        env=node_tools.environment(),
        check=True,
        timeout=BUILD_SECONDS,
    )
    return folder


@contextmanager
def served_pages(folder: Path) -> Iterator[HostPages]:
    """Both origins: the same machine under two ports."""
    with _served(folder, None) as host, _served(WEB / "test-host", POLICY) as sandbox:
        yield HostPages(host=f"{host}/index.html", sandbox=f"{sandbox}/sandbox.html")


@contextmanager
def _served(folder: Path, policy: str | None) -> Iterator[str]:
    class Files(SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            if policy is not None:
                self.send_header("Content-Security-Policy", policy)
            super().end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Chat:
    """A conversation: its MCP client, and the page that shows its views. `calls` are those of views;
    `complaints` what the browser's console reports as errors."""

    def __init__(self, client: Client, page: Page, pages: HostPages, html: str) -> None:
        self.page = page
        self.calls: list[str] = []
        self.complaints: list[str] = []
        self._client = client
        self._pages = pages
        self._html = html
        self._session: str | None = None

    async def open(self, notebook_path: str) -> None:
        answer = await self.call("use_notebook", notebook_path=notebook_path)
        assert answer.structured_content is not None
        self._session = answer.structured_content["session_id"]

    async def call(self, tool: str, **arguments: Any) -> CallToolResult:
        if self._session is not None:
            arguments.setdefault("session_id", self._session)
        return await self._client.call_tool(tool, arguments)

    async def show(self, *, context: Any = None, **arguments: Any) -> str:
        """Call show_output and show its view; returns what the model reads. `more` and `less` are
        what the chat client can do besides, and cannot; `without_meta`: it drops that."""
        more, less = arguments.pop("more", {}), arguments.pop("less", [])
        without_meta = arguments.pop("without_meta", False)
        answer = await self.call("show_output", **arguments)
        result = answer.model_dump(mode="json", by_alias=True, exclude_none=True)
        given = {
            "sandbox": self._pages.sandbox,
            "html": self._html,
            "input": {"session_id": self._session, **arguments},
            "result": _passed_on(result, without_meta=without_meta),
            "context": context or {"theme": "light"},
            "more": more,
            "less": less,
        }
        await self.page.evaluate("given => show(given)", given)
        return "\n".join(one.text for one in answer.content if isinstance(one, TextContent))

    @property
    def view(self) -> FrameLocator:
        return self.page.frame_locator("iframe").frame_locator("iframe")

    async def asked(self, count: int) -> list[Any]:
        """What the view has asked its client for, links and files, once that are so many."""
        await self.page.wait_for_function("count => asked.length >= count", arg=count)
        return list(await self.page.evaluate("asked"))

    async def escaped(self) -> bool:
        """Whether a script of an output ran in any of the frames."""
        found = [await frame.evaluate("window.escaped === true") for frame in self.page.frames]
        return any(found)

    async def of_view(self, name: str, arguments: dict[str, Any]) -> Any:
        """A call that a view makes over its client."""
        self.calls.append(name)
        answer = await self._client.call_tool(name, arguments)
        return _passed_on(answer.model_dump(mode="json", by_alias=True, exclude_none=True))


def _passed_on(result: dict[str, Any], *, without_meta: bool = False) -> dict[str, Any]:
    left_out = {"resultType", *(["_meta"] if without_meta else [])}
    return {key: value for key, value in result.items() if key not in left_out}


@asynccontextmanager
async def conversation(
    chrome: Browser, served: Served, pages: HostPages, name: str = "chat", **looks: Any
) -> AsyncIterator[Chat]:
    """A chat client in a browser, connected to that server. `looks` are those of the browser."""
    context = await chrome.new_context(**looks)
    async with httpx2.AsyncClient(headers=served.headers, timeout=CALL_SECONDS) as http:
        transport = streamable_http_client(served.mcp_url, http_client=http)
        info = Implementation(name=name, version="1")
        views = advertise(EXTENSION, {"mimeTypes": [VIEW_TYPE]})
        async with Client(transport, client_info=info, extensions=[views]) as client:
            (resource,) = (await client.read_resource(URI)).contents
            assert isinstance(resource, TextResourceContents)
            page = await context.new_page()
            page.set_default_timeout(PATIENCE_MILLISECONDS)
            chat = Chat(client, page, pages, resource.text)
            page.on(
                "console",
                lambda message: (
                    chat.complaints.append(message.text) if message.type == "error" else None
                ),
            )
            page.on("pageerror", lambda error: chat.complaints.append(str(error)))
            await page.expose_function("callTool", chat.of_view)
            await page.goto(pages.host)
            try:
                yield chat
            finally:
                await context.close()
