"""Which live documents people hold, inside Jupyter; over HTTP no server tells."""

from __future__ import annotations

import asyncio
from pathlib import Path

from jmcp.core.ports import Documents
from jmcp_jupyter.documents.local.documents import LocalDocuments
from jmcp_jupyter.lab.local import LocalLabPages
from tests.jupyter_process import StartJupyter
from tests.notebooks import write_notebook
from tests.ports.documents.tab import BOUND_SECONDS, tab


async def test_a_notebook_is_shown_while_somebody_has_it_open(jupyter: StartJupyter) -> None:
    app = await jupyter()
    pages = LocalLabPages(app, external_url=None, variables={})
    documents: Documents = LocalDocuments(app)
    for path in ("agent.ipynb", "both.ipynb", "person.ipynb"):
        write_notebook(Path(app.root_dir) / path, "x = 1")
    held = [
        await documents.open(await documents.identify(path))
        for path in ("agent.ipynb", "both.ipynb")
    ]
    for document in held:
        await document.read()
    assert list(await pages.shown()) == []
    async with tab(app, "both.ipynb"), tab(app, "person.ipynb"):
        assert list(await pages.shown()) == ["both.ipynb", "person.ipynb"]
    async with asyncio.timeout(BOUND_SECONDS):
        while await pages.shown():  # noqa: ASYNC110  no event tells
            await asyncio.sleep(0.005)
    for document in held:
        document.close()
    await documents.close()
