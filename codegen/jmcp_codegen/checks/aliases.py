"""Aliases: what they preset, rename and list must be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from jmcp_codegen.source.load import Spec
from jmcp_codegen.source.merge import accepted_params
from jmcp_codegen.source.problems import Problem
from jmcp_codegen.source.schema import inlined, plain, refs

Raw = Mapping[str, Any]


def problems(spec: Spec) -> Iterator[Problem]:
    tools = spec.tools.data["tools"]
    for name, tool in tools.items():
        if "alias" not in tool:
            continue
        of = tool["alias"]["of"]
        place = ("tools", name, "alias")
        if of not in tools:
            yield spec.tools.problem("alias_of", (*place, "of"), f"tool {of} is not defined")
        elif "alias" in tools[of]:
            yield spec.tools.problem("alias_of", (*place, "of"), f"{of} is itself an alias")
        else:
            yield from _alias(spec, name, tool["alias"], {"params": {}, **tools[of]})


def _alias(spec: Spec, name: str, alias: Raw, target: Raw) -> Iterator[Problem]:
    def refused(step: tuple[str | int, ...], reason: str) -> Problem:
        return spec.tools.problem("alias_param", ("tools", name, "alias", *step), reason)

    params: Raw = target["params"].get("properties", {})
    presets, renames = alias.get("with", {}), alias.get("rename", {})
    of = alias["of"]
    named = [(("with", param), param) for param in presets]
    named += [(("params", index), param) for index, param in enumerate(alias.get("params", ()))]
    named += [(("rename", new), old) for new, old in renames.items()]
    for step, param in named:
        if param not in params:
            yield refused(step, f"{of} declares no param {param}")
        elif step[0] != "with" and param in presets:
            yield refused(step, f"{param} is preset, so it is not accepted")
    accepted = accepted_params(alias, target)
    for new, old in renames.items():
        if old in params and old not in presets and old not in accepted:
            yield refused(("rename", new), f"{old} is not accepted, so it needs no name")
        if new in set(accepted) - set(renames.values()):
            yield refused(("rename", new), f"{new} is the name of another param")
    for param in target["params"].get("required", ()):
        if param not in presets and param not in accepted:
            yield refused((), f"{of} requires {param}, which is neither preset nor accepted")
    yield from _groups(alias, target, accepted, refused)
    types = spec.tools.data["types"]
    for param, value in presets.items():
        if param in params and refs(params[param]) <= types.keys():
            validator = Draft202012Validator(plain(inlined(params[param], types)))
            for error in validator.iter_errors(value):
                yield refused(("with", param), f"the preset breaks the schema: {error.message}")


def _groups(alias: Raw, target: Raw, accepted: list[str], refused: Any) -> Iterator[Problem]:
    presets = alias.get("with", {})
    for group in target["params"].get("either", ()):
        preset = [name for name in group if name in presets]
        left = [name for name in group if name in accepted]
        if len(preset) + bool(left) != 1:
            count = "more than one" if preset else "none"
            yield refused((), f"exactly one of {', '.join(group)} must be given: {count} can be")
