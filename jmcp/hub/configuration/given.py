"""What a configuration of traitlets says already, and what is added to it.

Nothing that somebody wrote is overwritten: a value is added beside it, or ConfigurationConflict
says where the two differ. Two properties of traitlets are met here. `c.A.b.append(x)` before `b` is
set leaves a LazyConfigValue, which is a value only together with a default. And what a subclass's
section says (`c.DockerSpawner.environment = ...`) replaces what its parent's does
(`c.Spawner.environment`), so that what is added is added in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from traitlets.config import Config
from traitlets.config.loader import LazyConfigValue


class ConfigurationConflict(ValueError):
    """`jupyterhub_config.py` says two things at once; the message names both and the way out."""

    @classmethod
    def between(cls, trait: str, found: Any, wanted: Any, why: str) -> ConfigurationConflict:
        return cls(
            f"{trait} is {found!r} already, and jmcp.hub.configure would set {wanted!r}: {why}. "
            "Remove one of them"
        )


def given(c: Config, section: str, trait: str, default: Any = None) -> Any:
    """What that section says, complete: with what was appended or updated put to `default`."""
    if not says(c, section, trait):
        return deepcopy(default)
    value = c[section][trait]
    if isinstance(value, LazyConfigValue):
        # A copy, as get_value remembers what it was first asked for.
        return deepcopy(value).get_value(default)
    return value


def says(c: Config, section: str, trait: str) -> bool:
    return bool(c._has_section(section)) and trait in c[section]


def sections(c: Config, base: str, trait: str) -> list[str]:
    """The section of `base`, and those of subclasses that would replace what it says."""
    return [base, *(one for one in _subclasses(c, base, trait) if not _adds(c, one, trait))]


def effective(c: Config, base: str, trait: str, default: Any = None) -> Any:
    """What holds for the subclass that is in use."""
    value = given(c, base, trait, default)
    for section in _subclasses(c, base, trait):
        value = given(c, section, trait, value)
    return value


def _subclasses(c: Config, base: str, trait: str) -> list[str]:
    return [name for name in c if name != base and name.endswith(base) and says(c, name, trait)]


def _adds(c: Config, section: str, trait: str) -> bool:
    """Whether that section adds to what is said of its parent class."""
    return isinstance(c[section][trait], LazyConfigValue)


def put(c: Config, base: str, trait: str, wanted: Any, why: str) -> None:
    """Set a value that was asked for."""
    for section in sections(c, base, trait):
        if says(c, section, trait) and (found := given(c, section, trait)) != wanted:
            raise ConfigurationConflict.between(f"c.{section}.{trait}", found, wanted, why)
        c[section][trait] = wanted


def put_default(c: Config, base: str, trait: str, wanted: Any) -> None:
    """Set a value where nobody has said anything else."""
    if all(not says(c, section, trait) for section in sections(c, base, trait)):
        c[base][trait] = wanted


def put_entries(c: Config, base: str, trait: str, entries: Mapping[str, Any], why: str) -> None:
    """Add entries to a dictionary."""
    for section in sections(c, base, trait):
        found = dict(given(c, section, trait, {}))
        for key, wanted in entries.items():
            if key in found and found[key] != wanted:
                name = f"c.{section}.{trait}[{key!r}]"
                raise ConfigurationConflict.between(name, found[key], wanted, why)
        c[section][trait] = found | dict(entries)


def put_items(c: Config, base: str, trait: str, items: list[Any]) -> None:
    """Add to the end of a list what it has not."""
    for section in sections(c, base, trait):
        found = list(given(c, section, trait, []))
        c[section][trait] = found + [one for one in items if one not in found]


def put_named(c: Config, base: str, trait: str, entry: Mapping[str, Any], why: str) -> None:
    """Add a dictionary to a list of such with a `name` each, or to the one that has its name."""
    found = [dict(one) for one in given(c, base, trait, [])]
    same = next((one for one in found if one.get("name") == entry["name"]), None)
    if same is None:
        found.append(dict(entry))
    else:
        same.update(_united(f"c.{base}.{trait}[{entry['name']!r}]", same, entry, why))
    c[base][trait] = found


def _united(
    name: str, found: Mapping[str, Any], wanted: Mapping[str, Any], why: str
) -> dict[str, Any]:
    united = dict(found)
    for key, value in wanted.items():
        there = found.get(key)
        if isinstance(there, Mapping) and isinstance(value, Mapping):
            united[key] = _united(f"{name}[{key!r}]", there, value, why)
        elif key == "services" and isinstance(there, list):
            united[key] = there + [one for one in value if one not in there]
        elif key in found and there != value:
            raise ConfigurationConflict.between(f"{name}[{key!r}]", there, value, why)
        else:
            united[key] = value
    return united
