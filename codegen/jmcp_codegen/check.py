"""Whether a spec says what can be generated, and all that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterator

from jmcp_codegen.checks import (
    aliases,
    disconnect,
    examples,
    naming,
    params,
    routing,
    texts,
    types,
    usage,
)
from jmcp_codegen.checks.subject import Subject
from jmcp_codegen.source import shape
from jmcp_codegen.source.load import Spec
from jmcp_codegen.source.problems import Problem, SpecError


def check(spec: Spec) -> None:
    """Raises SpecError with every problem.

    Three rounds, since each can only read what the one before accepted: the shape of the files;
    whether all that is named is there; what it means.
    """
    for round_ in (shape.problems, _named, _meant):
        found = list(round_(spec))
        if found:
            raise SpecError(found)


def _named(spec: Spec) -> Iterator[Problem]:
    yield from naming.problems(spec)
    yield from usage.problems(spec)
    yield from types.problems(spec)
    yield from aliases.problems(spec)


def _meant(spec: Spec) -> Iterator[Problem]:
    subject = Subject.of(spec)
    for part in (params, routing, disconnect, texts, examples):
        yield from part.problems(subject)
