"""Whether a spec says what can be generated, and all that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterator

from jmcp_codegen.checks import (
    aliases,
    disconnect,
    enums,
    examples,
    naming,
    params,
    prompts,
    resources,
    routing,
    sentences,
    texts,
    types,
    usage,
)
from jmcp_codegen.checks.subject import Subject
from jmcp_codegen.source import shape
from jmcp_codegen.source.enums import resolved
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
    yield from enums.problems(spec)
    spec = resolved(spec)
    for part in (naming, usage, types, aliases, sentences):
        yield from part.problems(spec)


def _meant(spec: Spec) -> Iterator[Problem]:
    subject = Subject.of(resolved(spec))
    for part in (params, routing, disconnect, texts, resources, prompts, examples):
        yield from part.problems(subject)
