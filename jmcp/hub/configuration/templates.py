"""Kinds of servers that people choose from: image, memory, processors, variables, shared data."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from tornado.web import HTTPError
from traitlets.config import Config

from jmcp.hub.configuration.given import ConfigurationConflict, effective, put, put_items
from jmcp.hub.configuration.memory import byte_size
from jmcp.hub.configuration.spawners import Spawner

OPTION = "template"
"""The key in a server's `user_options`: what `POST /hub/api/users/NAME/server` is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """`name` is what programs say, `title` and `about` are for people.

    `memory` is a size (2G) and `cpu` a number of cores; without one the Hub's own holds. `read_only`
    are folders of the host, or claims of Kubernetes, with the path at which servers see them.
    Where `groups` are named, only their members may choose it.
    """

    name: str
    title: str
    about: str = ""
    image: str = ""
    memory: str = ""
    cpu: float | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    read_only: Mapping[str, str] = field(default_factory=dict)
    groups: Sequence[str] = ()

    def public(self) -> dict[str, Any]:
        """As JSON data, without what may be secret."""
        told: dict[str, Any] = {
            "name": self.name,
            "title": self.title,
            "about": self.about,
            "image": self.image,
            "memory": self.memory,
            "cpu": self.cpu,
            "groups": list(self.groups),
        }
        return {key: value for key, value in told.items() if value}


EXAMPLES: tuple[Template, ...] = (
    Template(
        name="basic_python",
        title="Basic Python",
        about="Notebooks and the usual packages.",
        memory="2G",
        cpu=1,
    ),
    Template(
        name="database_analyst",
        title="Database analyst",
        about="Read-only credentials of the database in /etc/database.",
        memory="2G",
        cpu=1,
        environment={"DB_CREDENTIALS": "/etc/database"},
        read_only={"/srv/database": "/etc/database"},
    ),
    Template(
        name="ml_engineer",
        title="ML engineer",
        about="More memory, and datasets in /datasets.",
        memory="4G",
        cpu=2,
        read_only={"/srv/datasets": "/datasets"},
    ),
)
"""What `templates=EXAMPLES` offers, to copy and to change."""


class Choice:
    """Applies the template that somebody chose for a server (`Spawner.apply_user_options`).

    The first is for whoever chose none. What people send is not trusted: the name of a template is
    all that is taken of it.
    """

    def __init__(self, templates: Sequence[Template], spawner: Spawner) -> None:
        self._templates = {one.name: one for one in templates}
        self._spawner = spawner
        self._plain: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()

    def __deepcopy__(self, memo: Any) -> Choice:
        return self

    def __call__(self, spawner: Any, options: Mapping[str, Any]) -> None:
        """Raises HTTPError 400 for a template that does not exist, 403 for one of others."""
        name = options.get(OPTION) or next(iter(self._templates))
        template = self._templates.get(name) if isinstance(name, str) else None
        if template is None:
            names = ", ".join(self._templates)
            raise HTTPError(400, f"There is no template {name!r}; there are: {names}.")
        members = {group.name for group in spawner.user.groups}
        if template.groups and not members.intersection(template.groups):
            raise HTTPError(
                403, f"The template {name} is for others: {', '.join(template.groups)}."
            )
        traits = _traits(template, self._spawner)
        # A start that failed leaves the spawner as it was for the template that was chosen then.
        plain = self._plain.setdefault(spawner, {})
        for trait in {
            key for one in self._templates.values() for key in _traits(one, self._spawner)
        }:
            if trait not in plain:
                plain[trait] = deepcopy(getattr(spawner, trait))
            value = traits.get(trait, plain[trait])
            if isinstance(value, Mapping):
                value = {**plain[trait], **value}
            setattr(spawner, trait, value)


def put_templates(c: Config, templates: Sequence[Template], spawner: Spawner) -> None:
    """Offer these templates in the way that the spawner has for it."""
    if not templates:
        return
    names = [one.name for one in templates]
    if len({*names}) < len(names):
        raise ConfigurationConflict(f"two templates have one name: {', '.join(sorted(names))}")
    if spawner.profiles:
        _put_profiles(c, templates)
        return
    why = "templates= sets what people may choose from when a server starts"
    found = effective(c, "Spawner", "apply_user_options")
    if not isinstance(found, Choice):
        put(c, "Spawner", "apply_user_options", Choice(templates, spawner), why)
    put(c, "Spawner", "options_form", _form(templates), why)
    put(c, "Spawner", "options_from_form", "simple", why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Also:
    """An override of KubeSpawner's that adds entries by name to a trait: a list in its place would
    replace what is there, and with it the volume of the user's home."""

    trait: str
    entries: Mapping[str, Mapping[str, Any]]

    def __call__(self, spawner: Any) -> Any:
        found = getattr(spawner, self.trait)
        own = {name: {"name": name, **entry} for name, entry in self.entries.items()}
        if isinstance(found, Mapping):
            return {**found, **own}
        return [*(one for one in found if one.get("name") not in own), *own.values()]


class Profiles:
    """A `profile_list` of KubeSpawner: those that the user of a spawner may choose."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self._templates = tuple(templates)

    def __call__(self, spawner: Any) -> list[dict[str, Any]]:
        members = {group.name for group in spawner.user.groups}
        return [
            profile_of(one)
            for one in self._templates
            if not one.groups or members.intersection(one.groups)
        ]


def _put_profiles(c: Config, templates: Sequence[Template]) -> None:
    found = effective(c, "KubeSpawner", "profile_list", [])
    if isinstance(found, Profiles):
        return
    if not any(one.groups for one in templates) and isinstance(found, list):
        put_items(c, "KubeSpawner", "profile_list", [profile_of(one) for one in templates])
        return
    put(c, "KubeSpawner", "profile_list", Profiles(templates), "some templates are for groups only")


def left_out(template: Template, spawner: Spawner) -> list[str]:
    """What of a template that spawner cannot do."""
    if spawner.images:
        return []
    wanted = {"image": template.image, "read_only": template.read_only}
    return [name for name, value in wanted.items() if value]


def sizes(templates: Sequence[Template]) -> dict[str, int]:
    """The memory of each template that has one, in bytes, by its name."""
    return {one.name: byte_size(one.memory) for one in templates if one.memory}


def _traits(template: Template, spawner: Spawner) -> dict[str, Any]:
    traits: dict[str, Any] = {}
    if template.memory:
        traits["mem_limit"] = template.memory
    if template.cpu is not None:
        traits["cpu_limit"] = template.cpu
    if template.environment:
        traits["environment"] = dict(template.environment)
    if spawner.images and template.image:
        traits["image"] = template.image
    if spawner.images and template.read_only:
        traits["read_only_volumes"] = dict(template.read_only)
    return traits


def profile_of(template: Template) -> dict[str, Any]:
    """As an entry of KubeSpawner's `profile_list`."""
    override: dict[str, Any] = {
        key: value
        for key, value in _traits(template, PLAIN).items()
        if key in ("mem_limit", "cpu_limit", "environment")
    }
    if template.image:
        override["image"] = template.image
    if template.read_only:
        claims = {f"{template.name}-{number}": one for number, one in enumerate(template.read_only)}
        claims = {name.replace("_", "-"): claim for name, claim in claims.items()}
        volumes = {
            name: {"persistentVolumeClaim": {"claimName": claim, "readOnly": True}}
            for name, claim in claims.items()
        }
        mounts = {
            name: {"mountPath": template.read_only[claim], "readOnly": True}
            for name, claim in claims.items()
        }
        override["volumes"] = Also(trait="volumes", entries=volumes)
        override["volume_mounts"] = Also(trait="volume_mounts", entries=mounts)
    return {
        "slug": template.name,
        "display_name": template.title,
        "description": template.about,
        "kubespawner_override": override,
    }


PLAIN = Spawner(name="KubeSpawner", place="elsewhere", limits_memory=True)


def _form(templates: Sequence[Template]) -> str:
    """The rows of the Hub's form; the first template is chosen."""
    rows = []
    for number, template in enumerate(templates):
        name, title, about = map(html.escape, (template.name, template.title, template.about))
        checked = " checked" if number == 0 else ""
        rows.append(
            f'<div class="form-check"><input class="form-check-input" type="radio" name="{OPTION}" '
            f'id="template-{name}" value="{name}"{checked}><label class="form-check-label" '
            f'for="template-{name}"><b>{title}</b> {about}</label></div>'
        )
    return "\n".join(rows)
