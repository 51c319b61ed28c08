"""Must pass: a program that uses the clients, under mypy's strict mode."""

from __future__ import annotations

from jmcp_api import errors, models
from jmcp_api.client import (
    AsyncJmcpClient,
    Image,
    JmcpClient,
    Progress,
    TransportError,
    has_error,
    images,
    outputs_text,
)
from jmcp_api.results import Execution, OpenedNotebook


def told(progress: Progress) -> None:
    print(progress.done, progress.message, len(progress.outputs))


async def told_later(progress: Progress) -> None:
    told(progress)


async def within_a_loop() -> list[str]:
    async with AsyncJmcpClient() as client:
        opened: OpenedNotebook = await client.use_notebook("a.ipynb", mode="create")
        run: Execution = await client.insert_execute_code_cell(
            "1 + 1", cell_index=-1, on_progress=told_later
        )
        session: str | None = opened.session_id
        return [notice.message for notice in run.notices] + [session or ""]


def without_one() -> tuple[Image, ...]:
    with JmcpClient("http://127.0.0.1:8888", "token", session_id="s" * 8) as client:
        try:
            client.apply_edits([{"op": "insert", "source": "1"}])
            client.apply_edits([models.CellEdit(op="delete", cell="abc")], run=True)
            client.delete_cell(cell_indices=[0, 1])
            run = client.execute_cell(cell_index=0, timeout=5, on_progress=told)
        except errors.CellNotFound as error:
            print(error.code, error.message, error.details)
            return ()
        except TransportError as error:
            print(error.may_have_run)
            return ()
        print(has_error(run), outputs_text(run), run.text_content)
        return images(run)
