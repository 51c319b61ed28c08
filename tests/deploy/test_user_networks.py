"""Networks of users in deploy/compose: each has its own, and what is removed while another starts."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from itertools import count
from typing import Any

import pytest

from tests.deploy.files import DEPLOY, load

USER_NETWORKS = load(DEPLOY / "compose" / "hub" / "user_networks.py")


class Engine:
    """Docker's networks and containers. `taken` are subnets of networks that are not Docker's."""

    def __init__(self, *taken: str) -> None:
        self.made: dict[str, dict[str, Any]] = {}
        self.running = {"c-hub": "hub", "c-proxy": "proxy"}
        self.aliases: list[tuple[str, str, str]] = []
        self._taken = [IPv4Network(one) for one in taken]
        self._ids = count()

    def networks(self, *, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
        wanted = [label.split("=", 1) for label in filters.get("label", ())]
        return [
            network
            for network in self.made.values()
            if all(network["Labels"].get(key) == value for key, value in wanted)
        ]

    def containers(self, *, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
        service = filters["label"][1].split("=", 1)[1]
        return [{"Id": one} for one, name in self.running.items() if name == service]

    def inspect_network(self, net_id: str) -> dict[str, Any]:
        return self.made[net_id]

    def create_network(self, name: str, **options: Any) -> dict[str, Any]:
        (config,) = options["ipam"]["Config"]
        if any(IPv4Network(config["Subnet"]).overlaps(other) for other in self._taken):
            raise RuntimeError("Pool overlaps with other one on this address space")
        made = {
            "Id": f"n-{next(self._ids)}",
            "Name": name,
            "Containers": {},
            "IPAM": options["ipam"],
        }
        self.made[made["Id"]] = made | {
            "Labels": options["labels"],
            "Internal": options["internal"],
        }
        return made

    def connect_container_to_network(
        self, container: str, net_id: str, *, aliases: list[str]
    ) -> None:
        assert container not in self.made[net_id]["Containers"], "Docker refuses that"
        self.made[net_id]["Containers"][container] = {}
        self.aliases.append((net_id, container, aliases[0]))

    def disconnect_container_from_network(
        self, container: str, net_id: str, *, force: bool
    ) -> None:
        del self.made[net_id]["Containers"][container]

    def remove_network(self, net_id: str) -> None:
        assert not self.made[net_id]["Containers"], "Docker refuses that"
        del self.made[net_id]


def user_networks(engine: Engine, *, pool: str = "10.201.0.0/24", egress: bool = False) -> Any:
    return USER_NETWORKS.UserNetworks(
        docker=engine, project="jmcp", pool=IPv4Network(pool), egress=egress
    )


def subnet(network: Mapping[str, Any]) -> IPv4Network:
    return IPv4Network(network["IPAM"]["Config"][0]["Subnet"])


def test_each_user_has_one_with_the_hub_and_the_proxy_and_nobody_else() -> None:
    engine = Engine()
    networks = user_networks(engine)
    of_ada, of_bob = networks.ensure("ada"), networks.ensure("bob")
    assert networks.ensure("ada") == of_ada
    assert len(engine.made) == 2
    for network in engine.made.values():
        assert set(network["Containers"]) == {"c-hub", "c-proxy"}
        assert network["Internal"] is True
    assert (of_ada, "c-hub", "hub") in engine.aliases
    assert not subnet(engine.made[of_ada]).overlaps(subnet(engine.made[of_bob]))


def test_a_hub_whose_container_was_made_anew_is_attached_again() -> None:
    engine = Engine()
    networks = user_networks(engine)
    network = networks.ensure("ada")
    del engine.made[network]["Containers"]["c-hub"]
    engine.running = {"c-hub-2": "hub", "c-proxy": "proxy"}
    assert user_networks(engine).ensure("ada") == network
    assert set(engine.made[network]["Containers"]) == {"c-hub-2", "c-proxy"}


def test_it_goes_with_the_last_server_of_its_user() -> None:
    engine = Engine()
    networks = user_networks(engine)
    network = networks.ensure("ada")
    engine.made[network]["Containers"]["c-server-of-ada"] = {}
    assert networks.remove("ada") is False
    assert set(engine.made[network]["Containers"]) == {"c-hub", "c-proxy", "c-server-of-ada"}
    del engine.made[network]["Containers"]["c-server-of-ada"]
    assert networks.remove("ada") is True
    assert networks.remove("ada") is True
    assert engine.made == {}


def test_a_subnet_that_the_machine_uses_is_passed_over_and_one_that_is_free_again_taken() -> None:
    engine = Engine("10.201.0.0/28")
    networks = user_networks(engine, pool="10.201.0.0/27")
    network = networks.ensure("ada")
    assert subnet(engine.made[network]) == IPv4Network("10.201.0.16/28")
    with pytest.raises(USER_NETWORKS.NoSubnet, match="JMCP_USER_SUBNETS has to be larger"):
        networks.ensure("bob")
    networks.remove("ada")
    assert subnet(engine.made[networks.ensure("bob")]) == IPv4Network("10.201.0.16/28")


def test_the_switch_for_the_internet() -> None:
    engine = Engine()
    assert engine.made[user_networks(engine, egress=True).ensure("ada")]["Internal"] is False
