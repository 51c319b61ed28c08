"""Outputs and unsaved edits across cuts of the network to a remote server."""

from __future__ import annotations

import asyncio

import pytest

from jmcp.core.errors import (
    JupyterUnreachable,
)
from jmcp_jupyter.documents.remote import room, room_connection
from tests.document_access import editing
from tests.jupyter_process import StartJupyter
from tests.network import network
from tests.ports.documents.remote import NEVER, beyond, outputs, run_of, stream
from tests.ports.documents.tab import tab, until


async def test_a_run_survives_a_cut(jupyter: StartJupyter) -> None:
    app = await jupyter()
    async with network(app.port) as net, beyond(app, net) as server:
        server.write("a.ipynb", "1", "2")
        sink = await run_of(server, "a.ipynb")
        sink.begin()
        sink.append(stream("before "))
        net.cut()
        sink.extend_text(0, "during ")
        sink.append({"output_type": "display_data", "data": {"text/plain": "x"}, "metadata": {}})
        net.mend()
        async with tab(app, "a.ipynb") as person:
            cell = person.notebook.ycells[0]
            await until(lambda: len(cell["outputs"]) == 2, "written again without another output")
            assert str(cell["outputs"][0]["text"]) == "before during "
            assert cell["execution_state"] == "running"
            sink.extend_text(0, "after")
            sink.count(7)
            await sink.close()
            await until(lambda: cell["execution_count"] == 7)
            assert cell["execution_state"] == "idle"
        assert [output.get("text") for output in await outputs(server, "a.ipynb")] == [
            "before during after",
            None,
        ]


async def test_the_end_of_a_run_is_written_when_the_network_is_back(
    jupyter: StartJupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "DELIVERY_SECONDS", 0.2)
    app = await jupyter()
    async with network(app.port) as net, beyond(app, net) as server:
        server.write("a.ipynb", "1")
        sink = await run_of(server, "a.ipynb")
        sink.begin()
        net.cut()
        sink.append(stream("all of it"))
        sink.count(3)
        with pytest.raises(JupyterUnreachable, match="are kept"):
            await sink.close()
        net.mend()
        async with tab(app, "a.ipynb") as person:
            cell = person.notebook.ycells[0]
            await until(lambda: cell["execution_count"] == 3)
            assert str(cell["outputs"][0]["text"]) == "all of it"
            assert cell["execution_state"] == "idle"


async def test_a_display_update_survives_a_cut(jupyter: StartJupyter) -> None:
    app = await jupyter()
    async with network(app.port) as net, beyond(app, net) as server:
        server.write("a.ipynb", "1")
        run = await run_of(server, "a.ipynb")
        run.begin()
        run.append(stream("old"))
        await run.close()
        other = await run_of(server, "a.ipynb")
        net.cut()
        other.replace(0, stream("new"))
        net.mend()
        await other.close()
        assert await outputs(server, "a.ipynb") == [stream("new")]


async def test_unsaved_edits_are_saved_after_a_cut(jupyter: StartJupyter) -> None:
    app = await jupyter(**NEVER)
    async with network(app.port) as net, beyond(app, net, save_after=0.2) as server:
        server.write("a.ipynb", "1")
        ref = await server.documents.identify("a.ipynb")
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, "edited after all")
        net.cut()
        assert server.documents.save_state(ref.key) == "pending"
        net.mend()
        file = server.root / "a.ipynb"
        await until(lambda: b'"edited after all"' in file.read_bytes(), "saved")


async def test_a_cut_of_minutes_with_a_clock_a_hundred_times_as_fast(
    jupyter: StartJupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the delivery of a run's outputs, and past the last and longest wait between attempts."""
    for name in ("FIRST_WAIT_SECONDS", "LONGEST_WAIT_SECONDS", "DELIVERY_SECONDS"):
        monkeypatch.setattr(room, name, getattr(room, name) / 100)
    waits: list[float] = []
    app = await jupyter(**NEVER)
    async with network(app.port) as net, beyond(app, net, save_after=0.2) as server:
        server.write("a.ipynb", "1", "2")
        ref = await server.documents.identify("a.ipynb")
        async with editing(server.documents, ref) as cells:
            cells.set_source(1, "edited before")
        sink = await run_of(server, "a.ipynb")
        sink.begin()
        genuine = room.RemoteRoom.ready

        async def counted(one: room.RemoteRoom) -> room_connection.NotebookClient:
            waits.append(asyncio.get_running_loop().time())
            return await genuine(one)

        monkeypatch.setattr(room.RemoteRoom, "ready", counted)
        net.cut()
        sink.append(stream("all of it"))
        sink.count(3)
        with pytest.raises(JupyterUnreachable, match="are kept"):
            await sink.close()
        attempts = len(waits)
        await until(lambda: len(waits) > attempts + 30)
        assert waits[-1] - waits[attempts] > 10 * room.LONGEST_WAIT_SECONDS
        net.mend()
        file = server.root / "a.ipynb"
        await until(lambda: b"all of it" in file.read_bytes(), "saved")
        assert server.sources("a.ipynb") == ["1", "edited before"]
        assert server.file("a.ipynb").cells[0].execution_count == 3
