"""Notebooks and folders through the contents REST API, with the errors of the contents manager."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import Any

import httpx2

from jmcp.core.errors import (
    BackendError,
    JupyterRefused,
    JupyterUnreachable,
    NotebookBroken,
)
from jmcp.core.ports import FileEntry
from jmcp_api import backend_errors
from jmcp_jupyter.documents.common.bounded_cells import GrowthBound
from jmcp_jupyter.documents.common.file_diagnosis import diagnose
from jmcp_jupyter.documents.common.known_sizes import KnownSizes
from jmcp_jupyter.documents.common.listing import entries
from jmcp_jupyter.documents.common.models import (
    DEFAULT_MAX_BYTES,
    check_content,
    check_size,
    read_error,
    stamp_of,
    stamp_of_saved,
    status_phrase,
)
from jmcp_jupyter.http_api import JupyterApi, quoted

NO_RIGHT = 403


class RemoteContents:
    """`file.Files` over REST. A stamp changes whenever the file's bytes do."""

    def __init__(self, api: JupyterApi, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._api = api
        self._max_bytes = max_bytes
        self._sizes = KnownSizes(max_bytes)

    async def about(self, path: str) -> dict[str, Any]:
        """The model without content. Raises NotebookMissing, PathRefused, NotebookTooLarge."""
        model = await self._model(path, content=0)
        check_size(path, model.get("size"), self._max_bytes)
        return model

    async def load(self, path: str) -> tuple[dict[str, Any], str]:
        """Content and stamp of one reading. Raises as `about`, and NotebookBroken."""
        try:
            model = await self._model(path, content=1, hash=1)
            content: dict[str, Any] = model["content"]
        except NotebookBroken as error:
            raise await self._why_unreadable(path) from error
        check_content(path, content)
        return content, stamp_of(model)

    async def _why_unreadable(self, path: str) -> BackendError:
        """What to tell of a notebook that Jupyter could not read: its file knows it best."""
        try:
            raw = await self._api.request(
                "GET", self._url(path), type="file", format="base64", content=1
            )
            data = base64.b64decode(raw.json()["content"])
        except (BackendError, ValueError, KeyError, TypeError):
            return read_error(path, 0)
        return await asyncio.to_thread(diagnose, path, data)

    async def stamp(self, path: str) -> str:
        """What the file is now. Raises NotebookMissing, PathRefused."""
        return stamp_of(await self._model(path, content=0, hash=1))

    async def save(self, path: str, content: dict[str, Any]) -> str:
        """Write a notebook and return its new stamp, as `stamp_of_saved`.

        Raises WriteRefused, JupyterUnreachable.
        """
        body = {"type": "notebook", "format": "json", "content": content}
        try:
            response = await self._api.request("PUT", self._url(path), body=body)
            if response.is_success:
                saved = self._api.model(response)
                return stamp_of_saved(saved, await self._model(path, content=0, hash=1))
        except JupyterUnreachable as error:
            raise backend_errors.JupyterUnreachable.not_confirmed(
                url=self._api.url, path=path
            ) from error
        status = response.status_code
        raise backend_errors.WriteRefused.not_written_by_jupyter(
            path=path, reason=status_phrase(status), status=status
        )

    async def kind(self, path: str) -> str | None:
        """`notebook`, `file` or `directory`; None where the server shows nothing."""
        response = await self._api.request("GET", self._url(path), content=0)
        return None if response.is_error else str(self._api.model(response, type=str)["type"])

    async def entries(self, path: str) -> Sequence[FileEntry]:
        """The entries of a directory by path. Raises DirectoryMissing."""
        response = await self._api.request("GET", self._url(path), type="directory", content=1)
        if response.is_error:
            raise backend_errors.DirectoryMissing.nothing_there(path=path)
        return entries(self._api.model(response, content=list))

    async def _model(self, path: str, **query: int) -> dict[str, Any]:
        try:
            response = await self._api.request("GET", self._url(path), type="notebook", **query)
        except JupyterRefused as error:
            if error.details.get("status") == NO_RIGHT and await self._may_read():
                raise read_error(path, NO_RIGHT) from error
            raise
        if response.is_error:
            raise read_error(path, response.status_code)
        content = {"content": dict} if query.get("content") else {}
        model = self._api.model(response, last_modified=str, **content)
        self._sizes.note(path, model)
        return model

    def bound(self, path: str) -> GrowthBound | None:
        """How large the file was when it was last looked at, and may become."""
        return self._sizes.bound(path)

    async def _may_read(self) -> bool:
        """Whether the token may read at all, and only this one file is closed to the server."""
        try:
            root: httpx2.Response = await self._api.request("GET", self._url(""), content=0)
        except JupyterRefused:
            return False
        return not root.is_error

    def _url(self, path: str) -> str:
        return f"api/contents/{quoted(path)}"
