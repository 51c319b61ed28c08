"""What a spawner can do, by its class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Literal

from traitlets.config import Config

from jmcp.hub.configuration.given import given

Place = Literal["process", "machine", "elsewhere"]
"""Where servers run: as children of the Hub, beside it on its machine, or on other machines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spawner:
    """`limits_memory` is None where nobody here knows. `profiles`: it has a list of them itself."""

    name: str
    place: Place
    limits_memory: bool | None
    images: bool = False
    profiles: bool = False
    isolates: bool = True


KNOWN: tuple[Spawner, ...] = (
    Spawner(name="KubeSpawner", place="elsewhere", limits_memory=True, images=True, profiles=True),
    Spawner(name="SwarmSpawner", place="elsewhere", limits_memory=True, images=True),
    Spawner(name="DockerSpawner", place="machine", limits_memory=True, images=True),
    Spawner(name="SystemdSpawner", place="machine", limits_memory=True),
    Spawner(name="BatchSpawnerBase", place="elsewhere", limits_memory=True),
    Spawner(name="SimpleLocalProcessSpawner", place="process", limits_memory=False, isolates=False),
    Spawner(name="SudoSpawner", place="machine", limits_memory=False),
    Spawner(name="LocalProcessSpawner", place="process", limits_memory=False),
)
"""Their own documentation and source say so; subclasses come before the classes they are of."""
SHORT_NAMES = {
    "default": "LocalProcessSpawner",
    "localprocess": "LocalProcessSpawner",
    "simple": "SimpleLocalProcessSpawner",
    "docker": "DockerSpawner",
    "swarm": "SwarmSpawner",
    "systemd": "SystemdSpawner",
    "systemdspawner": "SystemdSpawner",
    "sudo": "SudoSpawner",
}


def configured_spawner(c: Config) -> Spawner:
    """The spawner that a configuration has chosen."""
    return spawner_of(given(c, "JupyterHub", "spawner_class", "default"))


def spawner_of(chosen: Any) -> Spawner:
    """That class, or the one of that name: an entry point's, or its module's and its own."""
    names = _class_names(chosen)
    for known in KNOWN:
        if known.name in names:
            return known
    return Spawner(name=names[0], place="elsewhere", limits_memory=None)


def _class_names(chosen: Any) -> Sequence[str]:
    if isinstance(chosen, type):
        return [one.__name__ for one in chosen.__mro__]
    name = str(chosen)
    if name.lower() in SHORT_NAMES:
        return [SHORT_NAMES[name.lower()]]
    try:
        found = [one for one in entry_points(group="jupyterhub.spawners") if one.name == name]
        loaded = found[0].load() if found else _imported(name)
    except Exception:  # noqa: BLE001 # whatever a package raises when it is imported
        return [name.rpartition(".")[2]]
    return [one.__name__ for one in loaded.__mro__]


def _imported(name: str) -> Any:
    from traitlets.utils.importstring import import_item

    return import_item(name)
