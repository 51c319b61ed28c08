"""A real Redis on a free port, in its own folder, gone with the tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.served import free_port

READY_SECONDS = 30
STOP_SECONDS = 20
ATTEMPTS = 5
MISSING = "no redis-server: apt-get install redis-server"


def installed() -> bool:
    return shutil.which("redis-server") is not None


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not installed():
        pytest.skip(MISSING)
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@contextmanager
def redis_server(folder: Path, *, password: str = "", port: int | None = None) -> Iterator[str]:
    """The URL of a server without persistence, which takes at most 64 MB."""
    for attempt in range(ATTEMPTS):
        listening = free_port() if port is None else port
        process = _start(folder, listening, password)
        try:
            if _answers(process, listening):
                user = f":{password}@" if password else ""
                yield f"redis://{user}127.0.0.1:{listening}/0"
                return
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        assert attempt < ATTEMPTS - 1, f"redis-server did not start: {_log(folder)}"


def _start(folder: Path, port: int, password: str) -> subprocess.Popen[bytes]:
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(folder),
        "logfile": str(folder / "redis.log"),
        "save": "",
        "appendonly": "no",
        "maxmemory": "64mb",
        "requirepass": password,
    }
    command = ["redis-server", *(part for name in options for part in (f"--{name}", options[name]))]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether it is ready; False when it ended, because another process took the port."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(16).startswith((b"+PONG", b"-NOAUTH")):
                    return True
        except OSError:
            pass
        time.sleep(0.02)
    return False


def _log(folder: Path) -> str:
    log = folder / "redis.log"
    return log.read_text()[-500:] if log.exists() else "no log"
