"""Ports for kernels that no other program is given while a kernel starts."""

from __future__ import annotations

import random
import socket
from pathlib import Path

from jupyter_client.connect import LocalPortCache
from traitlets.config import MultipleInstanceError

FIRST_PORT = 20_000
"""Below are the well-known ones and most of those that services are registered with (IANA)."""

EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""Linux's own, first and last: what a program gets that asks for any port, or connects to one."""

EPHEMERAL_FROM = 32_768
"""Where that file is not: Linux's default. macOS and Windows begin at 49,152."""

ATTEMPTS = 100


class KernelPorts(LocalPortCache):
    """Jupyter's choice of ports for kernels, outside of the range of ephemeral ports.

    Jupyter has the operating system give it free ones and closes them again; a kernel binds them about
    a second later, and again after each restart. Meanwhile the operating system may give one to any
    program. Then the kernel cannot start, and Jupyter starts it on the same ports for as long as it
    tries. From below the ephemeral range nobody is given a port that he has not asked for by number.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last = _ephemeral_from() - 1

    def find_available_port(self, ip: str) -> int:
        for _ in range(ATTEMPTS if self._last > FIRST_PORT else 0):
            port = random.randint(FIRST_PORT, self._last)
            if port not in self.currently_used_ports and _is_free(ip, port):
                self.currently_used_ports.add(port)
                return port
        return int(super().find_available_port(ip))

    @classmethod
    def use(cls) -> None:
        """From now on in this process, unless another choice was made or ports were chosen already."""
        try:
            cls.instance()
        except MultipleInstanceError:
            return


def _ephemeral_from() -> int:
    try:
        return int(EPHEMERAL_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return EPHEMERAL_FROM


def _is_free(ip: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((ip, port))
        except OSError:
            return False
    return True
