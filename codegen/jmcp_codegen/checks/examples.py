"""Examples: enough of them, and each one possible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from jmcp_codegen.checks.subject import Subject
from jmcp_codegen.source.merge import merged_result
from jmcp_codegen.source.problems import Problem
from jmcp_codegen.source.schema import closed, inlined, partial, plain

REFUSED_ARGUMENTS = "invalid_arguments"
"""The session error that the runtime raises itself for a call that breaks the schema."""


def problems(subject: Subject) -> Iterator[Problem]:
    for name in subject.tools:
        yield from _enough(subject, name)
        yield from _possible(subject, name)


def _enough(subject: Subject, name: str) -> Iterator[Problem]:
    tool = subject.tools[name]
    examples = tool.get("examples", ())
    if not any("returns" in example for example in examples):
        reason = f"{name} has no example of success"
        yield subject.document.problem("example_missing", ("tools", name), reason)
    if "alias" in tool:
        return  # its target provokes the errors
    raised = {example.get("raises") for example in examples}
    for index, code in enumerate(tool.get("errors", ())):
        if code not in raised:
            reason = f"{name} has no example that raises {code}"
            yield subject.document.problem(
                "example_missing", ("tools", name, "errors", index), reason
            )


def _possible(subject: Subject, name: str) -> Iterator[Problem]:
    tool = subject.tools[name]
    allowed = {*tool.get("errors", ()), *subject.sessions["errors"]}
    params = Draft202012Validator(closed(plain(inlined(subject.params[name], subject.types))))
    result = merged_result(subject.types[tool["result"]], tool["session"]["use"], subject.sessions)
    returns = Draft202012Validator(partial(plain(inlined(result, subject.types))))
    for index, example in enumerate(tool.get("examples", ())):
        place = ("tools", name, "examples", index)
        raises = example.get("raises")
        if raises is not None and raises not in allowed:
            reason = f"{name} does not declare {raises}, nor is it one of every session tool"
            yield subject.document.problem("example_raises", (*place, "raises"), reason)
        if raises != REFUSED_ARGUMENTS:
            for reason in _call(params, tool["params"], example["call"]):
                yield subject.document.problem("example_call", (*place, "call"), reason)
        for error in returns.iter_errors(example.get("returns", {})):
            where = ".".join(str(step) for step in error.absolute_path)
            reason = f"the result cannot be that: {where + ': ' if where else ''}{error.message}"
            yield subject.document.problem("example_returns", (*place, "returns"), reason)


def _call(
    validator: Draft202012Validator, own: Mapping[str, Any], call: Mapping[str, Any]
) -> Iterator[str]:
    for error in validator.iter_errors(call):
        where = ".".join(str(step) for step in error.absolute_path)
        yield f"the call is refused: {where + ': ' if where else ''}{error.message}"
    for group in own.get("either", ()):
        if not set(group) & call.keys():
            yield f"the call is refused: one of {', '.join(group)} must be given"
