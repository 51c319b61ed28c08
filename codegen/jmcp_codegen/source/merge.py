"""What sessions.yaml adds to tools, and what an alias makes of the tool it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jmcp_codegen.source.schema import Schema

Raw = Mapping[str, Any]


def session_params(use: str, sessions: Raw) -> dict[str, Schema]:
    """The params that every tool with that use of sessions takes besides its own.

    The handle's pattern is for where a session is made: elsewhere a bad id is merely unknown.
    """
    params: dict[str, Schema] = sessions["params"]
    if use == "none":
        return {}
    if use == "required":
        return params
    handle = sessions["handle"]
    return {handle["param"]: params[handle["param"]] | {"pattern": handle["pattern"]}}


def merged_params(tool: Raw, sessions: Raw) -> Schema:
    """The params of a tool, the session's first; what the tool declares itself wins."""
    own = tool.get("params", {})
    added = session_params(tool["session"]["use"], sessions)
    properties = {**added, **own.get("properties", {})}
    schema: Schema = {"type": "object", "properties": properties}
    if own.get("required"):
        schema["required"] = list(own["required"])
    return schema


def merged_result(result: Raw, use: str, sessions: Raw) -> Schema:
    """The result of a tool as clients see it, the session's fields last."""
    if use == "none":
        return dict(result)
    own = result.get("properties", {})
    block = sessions["result"]
    added = {name: schema for name, schema in block["properties"].items() if name not in own}
    always = block.get("required", ())
    required = [*result.get("required", ()), *(name for name in always if name in added)]
    return {**result, "required": required, "properties": {**own, **added}}


def resolved_alias(alias_tool: Raw, target: Raw) -> dict[str, Any]:
    """An alias written out as a tool: what it does not say, it takes from its target."""
    alias = alias_tool["alias"]
    presets: Raw = alias.get("with", {})
    new_names = {old: new for new, old in alias.get("rename", {}).items()}
    accepted = accepted_params(alias, target)
    taken = {*accepted, *new_names.values()}
    properties: dict[str, Any] = {}
    for name in accepted:
        schema = dict(target["params"]["properties"][name])
        synonyms = [s for s in schema.pop("synonyms", ()) if s not in taken]
        if synonyms and name not in new_names:
            schema["synonyms"] = synonyms
        properties[new_names.get(name, name)] = schema
    params = {
        "either": _groups(alias, target, accepted),
        "ignored": list(target["params"].get("ignored", ())),
        "required": [
            new_names.get(name, name)
            for name in target["params"].get("required", ())
            if name not in presets
        ],
        "properties": properties,
    }
    own = {"http", "examples", "always_loaded"}
    inherited = {key: value for key, value in target.items() if key not in own}
    return {**inherited, **alias_tool, "params": params}


def accepted_params(alias: Raw, target: Raw) -> list[str]:
    """The target's own params that an alias takes, by the target's names.

    A preset settles its either group: the group's other params are not accepted either.
    """
    presets = alias.get("with", {})
    settled = {
        name
        for group in target["params"].get("either", ())
        if presets.keys() & set(group)
        for name in group
    }
    known = [name for name in target["params"].get("properties", {}) if name not in presets]
    if "params" in alias:
        return [name for name in known if name in alias["params"]]
    return [name for name in known if name not in settled]


def _groups(alias: Raw, target: Raw, accepted: list[str]) -> list[list[str]]:
    new_names = {old: new for new, old in alias.get("rename", {}).items()}
    groups = []
    for group in target["params"].get("either", ()):
        left = [new_names.get(name, name) for name in group if name in accepted]
        if left and not alias.get("with", {}).keys() & set(group):
            groups.append(left)
    return groups
