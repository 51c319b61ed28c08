"""Memory of servers that are processes: only of those that are the user's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from jmcp.hub.platform.process_memory import memories

SERVER = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
"""With a child, as a server has kernels."""


@pytest.fixture
def server() -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"JUPYTERHUB_USER": "ada", "MEM_LIMIT": "1048576"}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.communicate(b"\n")


def test_a_server_counts_with_its_children(server: subprocess.Popen[bytes]) -> None:
    found = memories({"ada": server.pid})["ada"]
    assert found.limit == 2**20
    assert found.used > 8_000_000  # two interpreters


def test_another_process_of_that_number_is_nobodys_server(server: subprocess.Popen[bytes]) -> None:
    assert memories({"ben": server.pid, "cem": os.getpid(), "gone": 2**22 - 1}) == {}
