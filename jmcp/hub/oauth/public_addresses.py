"""Which addresses of the network are of the public Internet, and which are of nobody else's business."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 behind an IPv6-only network (RFC 6052): the IPv4 address is in the last 32 bits."""

NEVER = (
    IPv6Network("64:ff9b:1::/48"),  # translation of one's own network (RFC 8215)
    IPv6Network("2001::/32"),  # Teredo: an IPv4 address in it may be anybody's
    IPv6Network("2002::/16"),  # 6to4: the same
    IPv6Network("fec0::/10"),  # site-local, before fc00::/7
    IPv6Network("::/96"),  # IPv4-compatible
)


NAMES = ThreadPoolExecutor(4, thread_name_prefix="jmcp-names")
"""Threads of their own: who names hosts decides how slowly these are found, and the gateway's own
connections look for theirs in asyncio's threads."""


def is_public(text: str) -> bool:
    """Whether a program that others send there reaches nothing of this machine or network."""
    try:
        address: Address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if "%" in text:  # an address with a zone is one of a link
        return False
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address in TRANSLATED:
            address = IPv4Address(int(address) & 0xFFFFFFFF)
        elif any(address in network for network in NEVER):
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
        and not address.is_loopback
        and not address.is_link_local
        and not address.is_private
    )


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host. Raises OSError."""
    find = partial(
        socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    found = await asyncio.get_running_loop().run_in_executor(NAMES, find)
    return [*dict.fromkeys(str(entry[4][0]) for entry in found)]
