"""What one Jupyter Server is, asked once and believed for as long as it cannot have changed."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from jmcp.core.pages.pages import Way
from jmcp_api.backend_errors import JupyterUnreachable
from jmcp_jupyter.documents.remote.event_stream import ServerEvents
from jmcp_jupyter.http_api import JupyterApi, quoted
from jmcp_jupyter.server_probe import document_mode

BELIEVED_SECONDS = 2.0
"""How long answers hold where no open connection proves that the server is still the same."""

RTC_OFF = re.compile(r'"disableRTC"\s*:\s*(true|"true")')


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`way` is how pages of the server have their notebooks. `session` changes with each start of the
    server.
    """

    way: Way
    session: str

    @property
    def live(self) -> bool:
        return self.way != "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSession:
    """What collaboration says about a notebook: its file id and the server's session."""

    file_id: str
    session: str


class RemoteServer:
    """One server, and the stream of its events, which ends when the server does."""

    def __init__(self, api: JupyterApi, events: ServerEvents) -> None:
        self._api = api
        self.events = events
        self._facts: Facts | None = None
        self._asked = 0.0
        self._asking = asyncio.Lock()
        events.on_end.append(self.forget)

    async def facts(self) -> Facts:
        """Raises JupyterUnreachable, JupyterRefused."""
        async with self._asking:
            now = asyncio.get_running_loop().time()
            fresh = self.events.alive or now - self._asked < BELIEVED_SECONDS
            if self._facts is None or not fresh:
                # The events first: what is asked after they began stays true while they go on.
                await self.events.begin()
                self._facts = await self._ask()
                self._asked = now
            return self._facts

    def forget(self) -> None:
        """Ask again: the server may have been started anew."""
        self._facts = None

    async def document(self, path: str) -> DocumentSession | None:
        """The collaboration session of a file or folder; None where there is no such file."""
        response = await self._api.request(
            "PUT",
            f"api/collaboration/session/{quoted(path)}",
            body={"format": "json", "type": "notebook"},
        )
        if response.is_client_error:
            return None
        reply = self._api.model(response, fileId=str, sessionId=str)
        return DocumentSession(file_id=reply["fileId"], session=reply["sessionId"])

    async def _ask(self) -> Facts:
        if await document_mode(self._api) == "live":
            root = await self.document("")
            if root is not None:
                return Facts(way=await self._way(), session=root.session)
        status = await self._api.request("GET", "api/status")
        if status.is_error:
            raise JupyterUnreachable.no_start_time(url=self._api.url, status=status.status_code)
        return Facts(way="file", session=str(self._api.model(status, started=str)["started"]))

    async def _way(self) -> Way:
        if not await self._rtc_off():
            return "collaboration"
        # jmcp inside that server shares notebooks without JupyterLab's collaboration.
        status = await self._api.request("GET", "jmcp/lab/status")
        if status.is_error:
            return "file"
        try:
            told = status.json()
        except ValueError:
            return "file"
        return "jmcp" if isinstance(told, dict) and told.get("way") == "jmcp" else "file"

    async def _rtc_off(self) -> bool:
        """Whether JupyterLab works on files although the extension is there."""
        page = await self._api.request("GET", "lab")
        return not page.is_error and RTC_OFF.search(page.text) is not None
