"""Jupyter itself is started anew below a jmcp outside of it."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx2

from jmcp.compose import API
from jmcp.core.calls.call import Caller
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp_handlers import HANDLERS
from jmcp_jupyter.documents.remote.documents import RemoteDocuments
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.remote.kernels import RemoteKernels
from tests.calls import ALICE, BOB
from tests.scenarios.healing.conftest import LIMIT, nbformat, notices
from tests.served import Served, free_port, jupyter_server
from tests.typed import filled


async def test_its_kernels_are_gone_and_every_session_is_told_once(tmp_path: Path) -> None:
    home, root, port = tmp_path / "home", tmp_path / "root", free_port()
    root.mkdir()
    nbformat.write(nbformat.v4.new_notebook(), root / "a.ipynb")

    def start() -> AbstractContextManager[Served]:
        return jupyter_server(home, root, collaboration=False, port=port)

    jupyter = start()
    served = await asyncio.to_thread(jupyter.__enter__)
    api = JupyterApi(served.url, served.token)
    dispatcher = Dispatcher(
        api=API,
        handlers=HANDLERS,
        documents=RemoteDocuments(api),
        kernels=RemoteKernels(api),
        strict=True,
    )
    await dispatcher.start()

    async def call(tool: str, caller: Caller, **arguments: Any) -> dict[str, Any]:
        async with asyncio.timeout(LIMIT):
            outcome = await dispatcher.call(tool, arguments, caller)
        assert outcome.result is not None, outcome.text
        return filled(tool, outcome.result, arguments)

    try:
        sessions = []
        for caller in (ALICE, BOB):
            opened = await call("use_notebook", caller, notebook_path="a.ipynb")
            sessions.append((caller, opened["session_id"]))
            await call("execute_code", caller, session_id=opened["session_id"], code="x = 1")
        await asyncio.to_thread(jupyter.__exit__, None, None, None)
        jupyter = start()
        await asyncio.to_thread(jupyter.__enter__)
        results = await asyncio.gather(
            *(
                call("execute_code", caller, session_id=session, code="x")
                for caller, session in sessions
                for _ in range(2)
            )
        )
        assert notices(*results[:2]) == ["kernel_restarted"]
        assert notices(*results[2:]) == ["kernel_restarted"]
        headers = {"Authorization": f"token {served.token}"}
        async with httpx2.AsyncClient(base_url=served.url, headers=headers, timeout=60) as http:
            (row,) = (await http.get("api/sessions")).json()
            (kernel,) = (await http.get("api/kernels")).json()
        assert (row["path"], row["kernel"]["id"]) == ("a.ipynb", kernel["id"])
    finally:
        await dispatcher.close()
        await api.close()
        await asyncio.to_thread(jupyter.__exit__, None, None, None)
