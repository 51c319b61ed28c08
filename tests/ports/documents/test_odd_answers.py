"""Answers to REST requests that no healthy Jupyter gives: each is one of the declared errors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from jmcp.core.errors import BackendError
from jmcp.core.ports import NotebookRef
from jmcp_jupyter.documents.remote.documents import RemoteDocuments
from tests.document_access import reading
from tests.jupyter_process import TOKEN, StartJupyter
from tests.notebooks import write_notebook
from tests.odd_answers import ANSWERS, OddApi
from tests.ports.documents.tab import BOUND_SECONDS

SOME = ("a page", "null", "created, but what", "not found", "an error")

Operation = Callable[[RemoteDocuments, NotebookRef], Awaitable[object]]


async def first_source(documents: RemoteDocuments, ref: NotebookRef) -> str:
    async with reading(documents, ref) as cells:
        return cells.get(0).source


OPERATIONS: dict[str, Operation] = {
    "identify": lambda documents, ref: documents.identify(ref.path),
    "current": lambda documents, ref: documents.current(ref.key),
    "read": first_source,
    "save": lambda documents, ref: documents.save(ref),
    "list_directory": lambda documents, ref: documents.list_directory(""),
}


@pytest.mark.parametrize("collaboration", [False, True])
async def test_each_odd_answer_to_each_request_is_a_declared_error(
    jupyter: StartJupyter, collaboration: bool
) -> None:
    server = await jupyter(collaboration=collaboration)
    write_notebook(Path(server.root_dir) / "a.ipynb", "x = 1")
    for name, work in OPERATIONS.items():
        for answer in map(ANSWERS.__getitem__, SOME):
            number, begun = 0, 0
            api = OddApi(server.connection_url, TOKEN)
            while len(api.asked) - begun >= number and number < 12:
                documents = RemoteDocuments(api)
                try:
                    ref = await documents.identify("a.ipynb")
                    begun = len(api.asked)
                    api.answer(number, answer)
                    async with asyncio.timeout(BOUND_SECONDS):
                        with suppress(BackendError):
                            await work(documents, ref)
                    api.go_on()
                    assert (await documents.identify("a.ipynb")).key == ref.key, (name, number)
                finally:
                    await documents.close()
                number += 1
            await api.close()
