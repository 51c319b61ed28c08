"""The ports of kernels: nobody else is given one, and where somebody has one nothing hangs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import zmq
from jupyter_client.connect import LocalPortCache
from jupyter_server.serverapp import ServerApp

from jmcp.core.ports import NotebookRef
from jmcp_api.backend_errors import KernelDown
from jmcp_jupyter.kernels.local import kernel_ports
from jmcp_jupyter.kernels.local.kernel_ports import FIRST_PORT, KernelPorts
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from tests.ports.kernels.conftest import LIMIT, manager, process_id


@pytest.fixture
async def local(server: ServerApp) -> AsyncIterator[LocalKernels]:
    kernels = LocalKernels(server)
    yield kernels
    await kernels.close()


PUBLISHER = b"\xff" + b"\0" * 8 + b"\x7f\x03\0" + b"NULL".ljust(20, b"\0") + b"\0" * 32
"""A greeting of ZMTP 3.0 without encryption (rfc.zeromq.org/spec/23)."""
READY = b"\x05READY" + b"\x0bSocket-Type" + b"\0\0\0\x04XPUB"


@pytest.fixture
async def iopub_of_another() -> AsyncIterator[int]:
    """The port of a socket with which no control channel can speak; it leaves it to that to say so."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(PUBLISHER + b"\x04" + bytes([len(READY)]) + READY)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as peer:
        yield int(peer.sockets[0].getsockname()[1])


async def given_up(server: ServerApp, kernel_id: str, port: int) -> None:
    """Have Jupyter's control channel lead to that port, until ZeroMQ has given it up."""
    kernel = manager(server, kernel_id)
    kernel.kernel_spec.interrupt_mode = "message"
    kernel._close_control_socket()
    kernel.control_port = port
    kernel._connect_control_socket()
    async with asyncio.timeout(LIMIT):
        while kernel._control_socket.events & zmq.POLLOUT:  # noqa: ASYNC110 # nobody announces it
            await asyncio.sleep(0.01)


async def test_a_kernel_whose_control_port_is_anothers_ends(
    server: ServerApp, local: LocalKernels, ref: NotebookRef, iopub_of_another: int
) -> None:
    kernel_id = await local.start(ref, None)
    await local.connect(kernel_id)
    process = process_id(server, kernel_id)
    await given_up(server, kernel_id, iopub_of_another)
    async with asyncio.timeout(LIMIT):
        await server.kernel_manager.shutdown_kernel(kernel_id)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


async def test_a_kernel_whose_control_port_is_anothers_is_not_interrupted(
    server: ServerApp, local: LocalKernels, ref: NotebookRef, iopub_of_another: int
) -> None:
    kernel_id = await local.start(ref, None)
    await local.connect(kernel_id)
    await given_up(server, kernel_id, iopub_of_another)
    with pytest.raises(KernelDown):
        await local.interrupt(kernel_id)


async def test_kernels_get_ports_that_nobody_gets_without_asking_for_them(
    server: ServerApp, local: LocalKernels, ref: NotebookRef
) -> None:
    kernel_id = await local.start(ref, None)
    kernel = manager(server, kernel_id)
    ports = {
        *(kernel.shell_port, kernel.iopub_port, kernel.stdin_port),
        *(kernel.hb_port, kernel.control_port),
    }
    assert len(ports) == 5
    assert all(FIRST_PORT <= port < kernel_ports._ephemeral_from() for port in ports), ports


@pytest.mark.parametrize("content", ["1024\t65535\n", "20000 60999", "", "x y"])
def test_another_range_of_ephemeral_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    known = tmp_path / "range"
    known.write_text(content)
    monkeypatch.setattr(kernel_ports, "EPHEMERAL_RANGE", known)
    choice = KernelPorts()
    ports = {choice.find_available_port("127.0.0.1") for _ in range(50)}
    assert len(ports) == 50
    assert ports == choice.currently_used_ports


def test_a_choice_that_was_made_before_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalPortCache, "_instance", LocalPortCache())
    if "_instance" in vars(KernelPorts):  # raising=False takes an inherited one for its own
        monkeypatch.delattr(KernelPorts, "_instance")
    KernelPorts.use()
    assert type(LocalPortCache.instance()) is LocalPortCache
