"""DockerSpawner that gives each user a network of their own."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Network
from typing import Any

from dockerspawner import DockerSpawner
from traitlets import Bool, Unicode
from user_networks import UserNetworks

ONE_AT_A_TIME = asyncio.Lock()
"""Two users' networks must not take one subnet."""


class IsolatedDockerSpawner(DockerSpawner):  # type: ignore[misc] # it has no types
    """Each user's servers are on that user's network, which goes with the last of them."""

    subnets = Unicode("10.201.0.0/16", config=True, help="Where subnets of users are taken from.")
    egress = Bool(False, config=True, help="Whether users' servers reach the Internet.")
    project = Unicode("jmcp", config=True, help="Name of the compose project of Hub and proxy.")

    async def start(self) -> tuple[str, int]:
        await self._ensure()
        return await super().start()  # type: ignore[no-any-return]

    async def poll(self) -> Any:
        status = await super().poll()
        if status is None:
            # A Hub or a proxy whose container was made anew is on no user's network.
            try:
                await self._ensure()
            except Exception:  # the server runs, whatever becomes of its network
                self.log.exception("the network of %s was not looked after", self.user.name)
        return status

    async def stop(self, now: bool = False) -> None:
        try:
            await super().stop(now)
        finally:
            await self._remove()

    async def _remove(self) -> None:
        async with ONE_AT_A_TIME:
            try:
                await asyncio.to_thread(self._networks.remove, self.escaped_name)
            except Exception:  # it has ended; the next start finds the network, and uses it
                self.log.exception("the network of %s is still there", self.user.name)

    async def _ensure(self) -> None:
        async with ONE_AT_A_TIME:
            await asyncio.to_thread(self._networks.ensure, self.escaped_name)
        self.network_name = self._networks.name(self.escaped_name)

    @property
    def _networks(self) -> UserNetworks:
        pool = IPv4Network(self.subnets)
        docker = self.client
        return UserNetworks(docker=docker, project=self.project, pool=pool, egress=self.egress)
