"""A Docker network for each user: their servers reach the Hub and the proxy, and nobody else's server.

The Hub and the proxy are attached to it while it is there, found by the labels that compose gives their
containers. Networks are found by their label too, so that a Hub that starts again goes on with those
that are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any, Protocol

USER = "org.jmcp.user"
"""Label of a network: whose it is, as names of containers write that."""
OURS = "org.jmcp.project"
"""Label of a network: of which compose project. Not compose's own, whose `down` would look for it."""
PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
ATTACHED = ("hub", "proxy")
"""Services of the compose project that are on each user's network, each under its name."""
PREFIX = 28
"""Bits of a user's network: room for the Hub, the proxy and eleven servers of that user."""


class Docker(Protocol):
    """What is asked of docker.APIClient."""

    def networks(self, *, filters: Mapping[str, Any]) -> list[dict[str, Any]]: ...
    def containers(self, *, filters: Mapping[str, Any]) -> list[dict[str, Any]]: ...
    def inspect_network(self, net_id: str) -> dict[str, Any]: ...
    def create_network(self, name: str, **options: Any) -> dict[str, Any]: ...
    def connect_container_to_network(
        self, container: str, net_id: str, *, aliases: list[str]
    ) -> None: ...
    def disconnect_container_from_network(
        self, container: str, net_id: str, *, force: bool
    ) -> None: ...
    def remove_network(self, net_id: str) -> None: ...


class NoSubnet(Exception):
    """Every subnet of the pool has its user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserNetworks:
    """`pool` is where their subnets are taken from; with `egress` users' servers reach the Internet."""

    docker: Docker
    project: str
    pool: IPv4Network
    egress: bool
    others: list[IPv4Network] = field(default_factory=list)
    """Subnets of the pool that Docker refused, as those of other networks of the machine."""

    def ensure(self, user: str) -> str:
        """The id of the user's network, made where it is not there, with the Hub and the proxy on it.

        Raises NoSubnet where the pool has none left.
        """
        found = self._find(user)
        network = found["Id"] if found else self._create(user)
        there = set(self.docker.inspect_network(network).get("Containers") or {})
        for service, container in self._attached():
            if container not in there:
                self.docker.connect_container_to_network(container, network, aliases=[service])
        return str(network)

    def remove(self, user: str) -> bool:
        """Remove the user's network, unless a server of theirs is on it. Says whether it is gone."""
        found = self._find(user)
        if found is None:
            return True
        attached = {container for _, container in self._attached()}
        there = set(self.docker.inspect_network(found["Id"]).get("Containers") or {})
        if there - attached:
            return False
        for container in there & attached:
            self.docker.disconnect_container_from_network(container, found["Id"], force=True)
        self.docker.remove_network(found["Id"])
        return True

    def name(self, user: str) -> str:
        return f"{self.project}-user-{user}"

    def _find(self, user: str) -> dict[str, Any] | None:
        labels = {"label": [f"{USER}={user}", f"{OURS}={self.project}"]}
        return next(iter(self.docker.networks(filters=labels)), None)

    def _create(self, user: str) -> str:
        for subnet in self._free():
            try:
                made = self.docker.create_network(self.name(user), **self._options(user, subnet))
            except Exception as error:
                # Docker's words for a subnet that something else on the machine has.
                if "overlaps" not in str(error):
                    raise
                self.others.append(subnet)
            else:
                return str(made["Id"])
        raise NoSubnet(f"all subnets of {self.pool} are in use; JMCP_USER_SUBNETS has to be larger")

    def _options(self, user: str, subnet: IPv4Network) -> dict[str, Any]:
        # Else the machine has an address on the network, and what listens there could be reached.
        isolated = {"com.docker.network.bridge.gateway_mode_ipv4": "isolated"}
        return {
            "driver": "bridge",
            "internal": not self.egress,
            "labels": {USER: user, OURS: self.project},
            "options": {} if self.egress else isolated,
            "ipam": {"Driver": "default", "Config": [{"Subnet": str(subnet)}]},
        }

    def _free(self) -> Iterator[IPv4Network]:
        taken = {subnet for network in self.docker.networks(filters={}) for subnet in _of(network)}
        taken.update(self.others)
        for subnet in self.pool.subnets(new_prefix=PREFIX):
            if not any(subnet.overlaps(other) for other in taken):
                yield subnet

    def _attached(self) -> Iterable[tuple[str, str]]:
        for service in ATTACHED:
            labels = [f"{PROJECT}={self.project}", f"{SERVICE}={service}"]
            for container in self.docker.containers(filters={"label": labels}):
                yield service, container["Id"]


def _of(network: Mapping[str, Any]) -> Iterator[IPv4Network]:
    for config in (network.get("IPAM") or {}).get("Config") or []:
        if "." in (subnet := config.get("Subnet") or ""):
            yield IPv4Network(subnet)
