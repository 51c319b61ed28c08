"""A user of a Hub, who calls tools through the gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import httpx2
import nbformat
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.hub.running_hub import RunningHub

Era = Literal["auto", "legacy"]
"""2026-07-28, and the revisions with a handshake."""
BOUND_SECONDS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class HubUser:
    hub: RunningHub
    name: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def rest(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """A request to the gateway; `path` below its own."""
        headers = self.headers | more.pop("headers", {})
        return await self.hub.http.request(
            method, f"{self.hub.gateway}{path}", headers=headers, timeout=BOUND_SECONDS, **more
        )

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured result of a tool that has to succeed, over MCP without a handshake."""
        result = await self.result(tool, **arguments)
        assert not result.get("isError"), result
        return dict(result.get("structuredContent") or {})

    async def result(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a call of MCP, an error too."""
        answer = await self.message(
            "tools/call", {"name": tool, "arguments": arguments}, {"Mcp-Name": tool}
        )
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return dict(message_of(answer)["result"])

    async def message(
        self, method: str, params: dict[str, Any], headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        """One request of MCP 2026-07-28."""
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        return await self.rest(
            "POST",
            "/mcp",
            headers={
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": "2026-07-28",
                "Mcp-Method": method,
                **(headers or {}),
            },
            json={
                "jsonrpc": "2.0",
                "id": 7,
                "method": method,
                "params": params | {"_meta": meta | params.get("_meta", {})},
            },
        )

    @asynccontextmanager
    async def mcp(self, era: Era) -> AsyncIterator[Client]:
        """The official SDK's client."""
        url = f"{self.hub.gateway}/mcp"
        async with (
            httpx2.AsyncClient(
                headers=self.headers, timeout=BOUND_SECONDS, trust_env=False
            ) as http,
            Client(streamable_http_client(url, http_client=http), mode=era) as client,
        ):
            yield client

    async def session(self, path: str, *sources: str) -> str:
        """A session on a new notebook with those cells, after the empty one that it begins with."""
        session = await self.call("use_notebook", notebook_path=path, mode="create")
        for source in sources:
            await self.call(
                "insert_cell",
                session_id=session["session_id"],
                cell_index=-1,
                cell_type="code",
                cell_source=source,
            )
        return str(session["session_id"])

    def sources(self, path: str) -> list[str]:
        """The cells of a notebook as its file has them."""
        notebook = nbformat.read(self.hub.folder(self.name) / path, as_version=4)
        return [cell.source for cell in notebook.cells]

    async def is_running(self) -> bool:
        """Whether the Hub says that the server is ready."""
        servers = (await self.hub.model(self.name))["servers"]
        return bool(servers.get("", {}).get("ready"))

    async def stop(self) -> None:
        """Stop the server, as the Hub's culler and its page do."""
        await self.hub.api("DELETE", f"/users/{quote(self.name)}/server")

        async def stopped() -> bool:
            return not (await self.hub.model(self.name))["servers"]

        await self.hub.until(stopped, BOUND_SECONDS, "the server stops")


async def hub_user(hub: RunningHub, name: str) -> HubUser:
    """That user, with a token that has what the gateway needs; added to the Hub if need be."""
    return HubUser(hub=hub, name=name, token=await hub.user(name))


def message_of(answer: httpx2.Response) -> dict[str, Any]:
    """The answer of a request of MCP: the body, or the last event of a stream."""
    text = answer.text
    if answer.headers["content-type"].startswith("text/event-stream"):
        text = [line for line in text.splitlines() if line.startswith("data: ")][-1][6:]
    return dict(json.loads(text))


async def raw(hub: RunningHub, target: str, headers: Mapping[str, str]) -> tuple[int, str]:
    """A GET whose target and headers are sent as they are; its status, and head and body."""
    where = urlsplit(hub.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        given = {"Host": where.netloc, **headers, "Connection": "close"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        writer.write(f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode())
        async with asyncio.timeout(BOUND_SECONDS):
            text = (await reader.read()).decode()
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return int(text.split(" ", 2)[1]), text
