"""Notebooks and folders through the contents REST API, with the errors of the contents manager."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from typing import Any
from uuid import uuid4

import httpx2

from jmcp.core.errors import (
    BackendError,
    JupyterRefused,
    JupyterUnreachable,
    NotebookBroken,
    NotebookExists,
)
from jmcp.core.ports import Checkpoint, FileEntry
from jmcp_api import backend_errors, phrases
from jmcp_jupyter.documents.common.bounded_cells import GrowthBound
from jmcp_jupyter.documents.common.checkpoints import checkpoint_of, sorted_checkpoints
from jmcp_jupyter.documents.common.file_diagnosis import diagnose
from jmcp_jupyter.documents.common.known_sizes import KnownSizes
from jmcp_jupyter.documents.common.listing import entries
from jmcp_jupyter.documents.common.models import (
    DEFAULT_MAX_BYTES,
    check_content,
    check_size,
    complete,
    read_error,
    stamp_of,
    stamp_of_saved,
    status_phrase,
)
from jmcp_jupyter.http_api import JupyterApi, quoted

NO_RIGHT = 403
TAKEN = 409
"""What Jupyter answers when a file is to get the name of another."""
CHECKPOINTS = ".ipynb_checkpoints"
"""The folder beside a notebook in which Jupyter keeps its checkpoints, if nobody configured another."""
NEW_NAME = "jmcp-new-{}.ipynb"
"""Of a notebook that is about to get its own name."""
NEW_FILE = "jmcp-new-{}.{}"
"""Of another file that is."""


class RemoteContents:
    """`file.Files` over REST. A stamp changes whenever the file's bytes do."""

    def __init__(self, api: JupyterApi, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._api = api
        self._max_bytes = max_bytes
        self._sizes = KnownSizes(max_bytes)
        self.on_seen: Callable[[str, Mapping[str, Any]], None] = lambda path, model: None
        """Called with the path and the model of each notebook that Jupyter described."""

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
        return await asyncio.to_thread(diagnose, path, data) or read_error(path, 0)

    async def stamp(self, path: str) -> str:
        """What the file is now. Raises NotebookMissing, PathRefused."""
        return stamp_of(await self._model(path, content=0, hash=1))

    def unmoved(self, path: str) -> AbstractAsyncContextManager[None]:
        """Nothing keeps others from renaming a file over HTTP."""
        return nullcontext()

    async def save(self, path: str, content: dict[str, Any]) -> str:
        """Write a notebook and return its new stamp, as `stamp_of_saved`.

        Raises WriteRefused, JupyterUnreachable.
        """
        saved = await self._put(path, content, path)
        try:
            return stamp_of_saved(saved, await self._model(path, content=0, hash=1))
        except JupyterUnreachable as error:
            raise backend_errors.JupyterUnreachable.not_confirmed(
                url=self._api.url, path=path
            ) from error

    async def _put(self, at: str, content: dict[str, Any], path: str) -> dict[str, Any]:
        """Jupyter's model of what it wrote there; errors are about `path`."""
        return await self._put_model(
            at, {"type": "notebook", "format": "json", "content": content}, path
        )

    async def _put_model(self, at: str, body: dict[str, Any], path: str) -> dict[str, Any]:
        try:
            response = await self._api.request("PUT", self._url(at), body=body)
            if response.is_success:
                return self._api.model(response)
        except JupyterUnreachable as error:
            raise backend_errors.JupyterUnreachable.not_confirmed(
                url=self._api.url, path=path
            ) from error
        status = response.status_code
        raise backend_errors.WriteRefused.not_written_by_jupyter(
            path=path, reason=status_phrase(status), status=status
        )

    async def checkpoints(self, path: str) -> Sequence[Checkpoint]:
        await self.about(path)
        response = await self._api.request("GET", f"{self._url(path)}/checkpoints")
        return sorted_checkpoints(self._api.decoded(response, list))

    async def create_checkpoint(self, path: str) -> Checkpoint:
        response = await self._api.request("POST", f"{self._url(path)}/checkpoints")
        self._check_written(response, path)
        return checkpoint_of(self._api.model(response, id=str))

    async def checkpoint(self, path: str, checkpoint_id: str) -> dict[str, Any] | None:
        """Only where the server shows hidden files, of which its checkpoints are some."""
        folder, _, name = path.rpartition("/")
        stem = name.removesuffix(".ipynb")
        hidden = f"{folder}/{CHECKPOINTS}/{stem}-{checkpoint_id}.ipynb".lstrip("/")
        known = {one.checkpoint_id: one for one in await self.checkpoints(path)}.get(checkpoint_id)
        try:
            response = await self._api.request("GET", self._url(hidden), type="notebook", content=1)
        except JupyterRefused:
            return None
        if response.is_error or known is None:
            return None
        model = self._api.model(response, last_modified=str, content=dict)
        if checkpoint_of({"id": checkpoint_id, **model}).last_modified != known.last_modified:
            return None  # another file that happens to be there
        content: dict[str, Any] = model["content"]
        check_content(path, content)
        complete(content)
        return content

    async def restore_checkpoint(self, path: str, checkpoint_id: str) -> None:
        response = await self._api.request(
            "POST", f"{self._url(path)}/checkpoints/{quoted(checkpoint_id)}"
        )
        self._check_written(response, path)

    def _check_written(self, response: httpx2.Response, path: str) -> None:
        if response.is_error:
            status = response.status_code
            raise backend_errors.WriteRefused.not_written_by_jupyter(
                path=path, reason=status_phrase(status), status=status
            )

    async def save_new(self, path: str, content: dict[str, Any]) -> None:
        """Write a notebook where nothing is. Raises NotebookExists, and as `save`.

        Jupyter overwrites what it is told to save, but renames no file to a name that is taken. So
        the notebook is written under a name of its own, and renamed.
        """
        folder = path.rpartition("/")[0]
        made = f"{folder}/{NEW_NAME.format(uuid4().hex)}".lstrip("/")
        try:
            await self._put(made, content, path)
            await self._rename(made, path)
        except BaseException:
            # To its end also when the caller leaves.
            await asyncio.shield(asyncio.ensure_future(self._remove(made)))
            raise

    async def write_file(self, path: str, data: bytes, *, overwrite: bool) -> None:
        """Write a file that is no notebook. Raises FileExists, and as `save`."""
        content = await asyncio.to_thread(lambda: base64.b64encode(data).decode())
        body = {"type": "file", "format": "base64", "content": content}
        if overwrite:
            await self._put_model(path, body, path)
            return
        folder, _, name = path.rpartition("/")
        made = f"{folder}/{NEW_FILE.format(uuid4().hex, name.rpartition('.')[2])}".lstrip("/")
        try:
            await self._put_model(made, body, path)
            await self._rename(made, path)
        except BaseException as error:
            await asyncio.shield(asyncio.ensure_future(self._remove(made)))
            if isinstance(error, NotebookExists):
                raise backend_errors.FileExists.there(path=path) from error
            raise

    async def _rename(self, path: str, to: str) -> None:
        try:
            response = await self._api.request("PATCH", self._url(path), body={"path": to})
        except JupyterUnreachable as error:
            raise backend_errors.JupyterUnreachable.not_confirmed(
                url=self._api.url, path=to
            ) from error
        status = response.status_code
        if status == TAKEN:
            raise backend_errors.NotebookExists.file_there(path=to)
        if response.is_error:
            raise backend_errors.WriteRefused.not_written_by_jupyter(
                path=to, reason=status_phrase(status), status=status
            )

    async def create_directory(self, path: str) -> None:
        """Make a folder, unless somebody has made it meanwhile. Raises WriteRefused."""
        response = await self._api.request("PUT", self._url(path), body={"type": "directory"})
        if response.is_success:
            return
        kind, status = await self.kind(path), response.status_code
        if kind != "directory":
            reason = status_phrase(status) if kind is None else phrases.name_of_file()
            raise backend_errors.WriteRefused.not_written_by_jupyter(
                path=path, reason=reason, status=status
            )

    async def _remove(self, path: str) -> None:
        with suppress(BackendError):
            await self._api.request("DELETE", self._url(path))

    async def kind(self, path: str) -> str | None:
        """`notebook`, `file` or `directory`; None where the server shows nothing."""
        response = await self._api.request("GET", self._url(path), content=0)
        if response.is_error:
            return None
        model = self._api.model(response, type=str)
        if model["type"] == "notebook":
            self.on_seen(path, model)
        return str(model["type"])

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
        self.on_seen(path, model)
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
