"""Binding the port that a server listens on, with errors for a person."""

from __future__ import annotations

import errno
import socket

from jmcp.core.errors import ServeError


def bound(host: str, port: int) -> socket.socket:
    """A socket bound to the port, not yet listening. An empty host is every address.

    Raises ServeError.
    """
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        made = socket.socket(family, kind, protocol)
        try:
            # Else a port whose last connections are still closing would be taken.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
        except BaseException:
            made.close()
            raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ServeError(f"port {port} is taken; choose another one with --port") from error
        if error.errno == errno.EACCES:
            raise ServeError(f"port {port} is not allowed; choose one with --port") from error
        raise ServeError(f"cannot listen on {host}, port {port}: {error.strerror}") from error
    return made
