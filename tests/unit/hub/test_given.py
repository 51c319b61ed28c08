"""What a configuration of traitlets says already is kept, also where it is not a value yet."""

from __future__ import annotations

import pytest
from traitlets import Dict, List
from traitlets.config import Config, Configurable

from jmcp.hub.configuration.given import (
    ConfigurationConflict,
    effective,
    given,
    put,
    put_default,
    put_entries,
    put_items,
    put_named,
)

WHY = "it has to be"


class Spawner(Configurable):
    args = List(["default"]).tag(config=True)
    environment = Dict().tag(config=True)


class OwnSpawner(Spawner):
    pass


def test_what_was_appended_before_there_was_a_value_is_kept() -> None:
    c = Config()
    c.Spawner.args.append("--theirs")
    c.Spawner.environment.update({"THEIRS": "1"})
    put_items(c, "Spawner", "args", ["--ours"])
    put_entries(c, "Spawner", "environment", {"OURS": "2"}, WHY)
    c.Spawner.args.append("--later")
    spawner = OwnSpawner(config=c)
    assert spawner.args == ["--theirs", "--ours", "--later"]
    assert spawner.environment == {"THEIRS": "1", "OURS": "2"}


def test_a_subclass_that_replaces_gets_what_is_added_too() -> None:
    c = Config()
    c.Spawner.environment = {"ALL": "1"}
    c.OwnSpawner.environment = {"OWN": "1"}
    put_entries(c, "Spawner", "environment", {"OURS": "2"}, WHY)
    assert OwnSpawner(config=c).environment == {"OWN": "1", "OURS": "2"}
    assert Spawner(config=c).environment == {"ALL": "1", "OURS": "2"}


def test_a_subclass_that_adds_still_adds() -> None:
    c = Config()
    c.Spawner.environment = {"ALL": "1"}
    c.OwnSpawner.environment.update({"OWN": "1"})
    assert effective(c, "Spawner", "environment", {}) == {"ALL": "1", "OWN": "1"}
    put_entries(c, "Spawner", "environment", {"OURS": "2"}, WHY)
    assert OwnSpawner(config=c).environment == {"ALL": "1", "OURS": "2", "OWN": "1"}


def test_looking_changes_nothing() -> None:
    c = Config()
    assert given(c, "Spawner", "args", ["x"]) == ["x"]
    assert "Spawner" not in dict(c)
    c.Spawner.args.append("a")
    assert given(c, "Spawner", "args", ["x"]) == ["x", "a"]
    c.Spawner.args.append("b")
    assert given(c, "Spawner", "args", []) == ["a", "b"]


def test_two_values_are_a_conflict_that_names_both() -> None:
    c = Config()
    c.Spawner.environment = {"A": "theirs"}
    with pytest.raises(ConfigurationConflict, match=r"environment\['A'\] is 'theirs' .*'ours'"):
        put_entries(c, "Spawner", "environment", {"A": "ours"}, WHY)
    put(c, "JupyterHub", "port", 1, WHY)
    put(c, "JupyterHub", "port", 1, WHY)
    with pytest.raises(ConfigurationConflict, match="port is 1 already"):
        put(c, "JupyterHub", "port", 2, WHY)
    put_default(c, "JupyterHub", "port", 3)
    assert c.JupyterHub.port == 1


def test_entries_of_one_name_are_united() -> None:
    c = Config()
    c.JupyterHub.services = [
        {"name": "a", "api_token": "theirs", "environment": {"X": "1"}},
        {"name": "b"},
    ]
    put_named(c, "JupyterHub", "services", {"name": "a", "environment": {"Y": "2"}}, WHY)
    assert c.JupyterHub.services == [
        {"name": "a", "api_token": "theirs", "environment": {"X": "1", "Y": "2"}},
        {"name": "b"},
    ]
    with pytest.raises(ConfigurationConflict, match=r"services\['a'\]\['environment'\]\['X'\]"):
        put_named(c, "JupyterHub", "services", {"name": "a", "environment": {"X": "2"}}, WHY)
