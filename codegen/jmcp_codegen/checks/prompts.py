"""Prompts: what they cite can be called, and every name in their texts is an argument."""

from __future__ import annotations

from collections.abc import Iterator

from jmcp_codegen.checks.subject import Subject
from jmcp_codegen.checks.texts import faults
from jmcp_codegen.source.problems import Problem
from jmcp_codegen.source.schema import Schema

CITED = "cited"
"""What the text of the tool is called in a prompt's own."""


def problems(subject: Subject) -> Iterator[Problem]:
    for name, prompt in subject.spec.tools.data.get("prompts", {}).items():
        place = ("prompts", name)
        known: dict[str, Schema] = {one: {"type": "string"} for one in prompt["arguments"]}
        if "cites" in prompt:
            known[CITED] = {"type": "string"}
            for at, reason in _citation(subject, name):
                yield subject.document.problem("citation", (*place, "cites", *at), reason)
        for fault in faults(prompt["text"], {"properties": known}, subject.types, name):
            yield subject.document.problem(fault.code, (*place, "text"), fault.reason)


def _citation(subject: Subject, name: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong with the call of a tool for a prompt, each with where."""
    prompt = subject.spec.tools.data["prompts"][name]
    arguments, cites = prompt["arguments"], prompt["cites"]
    tool = subject.tools.get(cites["tool"])
    if tool is None:
        yield ("tool",), f"tool {cites['tool']} is not defined"
        return
    if tool["session"]["use"] != "none" or not tool["annotations"]["read_only"]:
        yield ("tool",), f"{cites['tool']} needs a session, or is not read_only"
    params = subject.params[cites["tool"]]
    for param, argument in cites["with"].items():
        if param not in params["properties"]:
            yield ("with", param), f"{cites['tool']} has no param {param}"
        if argument not in arguments:
            yield ("with", param), f"{name} has no argument {argument}"
    given = {
        param for param, one in cites["with"].items() if arguments.get(one, {}).get("required")
    }
    for param in params.get("required", ()):
        if param not in given:
            yield ("with",), f"{cites['tool']} needs {param}, which no required argument gives"
