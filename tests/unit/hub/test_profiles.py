"""Templates as profiles of KubeSpawner, which is not installed here; its own rules of overrides are
followed: what can be called is called with the spawner, and a list replaces what is there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from traitlets.config import Config

from jmcp.hub.configuration.given import ConfigurationConflict
from jmcp.hub.configuration.spawners import spawner_of
from jmcp.hub.configuration.templates import EXAMPLES, Profiles, Template, put_templates

KUBE = spawner_of("kubespawner.KubeSpawner")
GENOMES = Template(
    name="gen_omics",
    title="Genomics",
    image="registry.example.org/genomics:3",
    memory="8G",
    cpu=4,
    environment={"GENOMES": "/genomes"},
    read_only={"genomes-claim": "/genomes"},
)


def overrides(profile: dict[str, Any], volumes: Any, mounts: Any) -> dict[str, Any]:
    spawner = SimpleNamespace(volumes=volumes, volume_mounts=mounts)
    return {
        name: value(spawner) if callable(value) else value
        for name, value in profile["kubespawner_override"].items()
    }


@pytest.mark.parametrize("as_dict", [False, True])
def test_a_template_adds_its_data_to_the_home_of_the_user(as_dict: bool) -> None:
    c = Config()
    put_templates(c, [GENOMES], KUBE)
    [profile] = c.KubeSpawner.profile_list
    home = {"name": "home", "persistentVolumeClaim": {"claimName": "claim-ada"}}
    mount = {"name": "home", "mountPath": "/home/jovyan"}
    given: Any = ({"0": home}, {"0": mount}) if as_dict else ([home], [mount])
    made = overrides(profile, *given)
    assert profile["slug"] == "gen_omics"
    assert (made["image"], made["mem_limit"], made["cpu_limit"]) == (GENOMES.image, "8G", 4)
    assert made["environment"] == {"GENOMES": "/genomes"}
    claim = {"claimName": "genomes-claim", "readOnly": True}
    added = {"name": "gen-omics-0", "persistentVolumeClaim": claim}
    mounted = {"name": "gen-omics-0", "mountPath": "/genomes", "readOnly": True}
    if as_dict:
        assert made["volumes"] == {"0": home, "gen-omics-0": added}
        assert made["volume_mounts"] == {"0": mount, "gen-omics-0": mounted}
    else:
        assert made["volumes"] == [home, added]
        assert made["volume_mounts"] == [mount, mounted]
        assert overrides(profile, made["volumes"], [])["volumes"] == made["volumes"], (
            "a second start"
        )


def test_profiles_of_others_stay_and_twice_is_once() -> None:
    c = Config()
    theirs = {"slug": "theirs", "display_name": "Theirs"}
    c.KubeSpawner.profile_list = [theirs]
    for _ in range(2):
        put_templates(c, [GENOMES, *EXAMPLES], KUBE)
    slugs = [one["slug"] for one in c.KubeSpawner.profile_list]
    assert slugs == ["theirs", "gen_omics", *(one.name for one in EXAMPLES)]


def test_members_of_a_group_alone_see_its_templates() -> None:
    c = Config()
    own = Template(name="own", title="Own", groups=["lab"])
    put_templates(c, [GENOMES, own], KUBE)
    profiles = c.KubeSpawner.profile_list
    assert isinstance(profiles, Profiles)
    slugs = {
        group: [one["slug"] for one in profiles(spawner_in(group))] for group in ("lab", "others")
    }
    assert slugs == {"lab": ["gen_omics", "own"], "others": ["gen_omics"]}


def test_a_list_of_others_and_templates_for_groups_are_a_conflict() -> None:
    c = Config()
    c.KubeSpawner.profile_list = [{"slug": "theirs", "display_name": "Theirs"}]
    with pytest.raises(ConfigurationConflict, match="for groups only"):
        put_templates(c, [Template(name="own", title="Own", groups=["lab"])], KUBE)


def spawner_in(group: str) -> Any:
    return SimpleNamespace(user=SimpleNamespace(groups=[SimpleNamespace(name=group)]))
