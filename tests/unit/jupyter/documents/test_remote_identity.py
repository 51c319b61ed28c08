"""What is remembered of remote notebooks is bounded, and what is used is kept."""

from __future__ import annotations

from typing import Any, cast

import pytest

from jmcp_jupyter.documents.remote import identity
from jmcp_jupyter.documents.remote.identity import RemoteIdentity
from jmcp_jupyter.documents.remote.server_facts import DocumentSession, Facts


class Server:
    """Everything is a notebook or a folder, and has an id."""

    async def facts(self) -> Facts:
        return Facts(way="collaboration", session="s")

    async def document(self, path: str) -> DocumentSession:
        return DocumentSession(file_id=f"{path}, its id", session="s")

    async def kind(self, path: str) -> str:
        return "notebook"


class NoPaths:
    """An API without the route that tells paths of ids."""

    text = "no such route"
    is_error = True

    async def request(self, *_: object, **__: object) -> NoPaths:
        return self


async def test_paths_and_folders_are_remembered_of_what_was_used_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(identity, "KNOWN_PATHS", 3)
    server: Any = Server()
    known = RemoteIdentity(cast("Any", NoPaths()), server, server, allow_hidden=False)
    first = await known.identify("folder/0.ipynb")
    for number in range(1, 5):
        await known.identify(f"folder-{number}/{number}.ipynb")
        assert await known.current(first.key) == first
    assert len(known._paths) == 3
    assert len(known._folders) <= 3
