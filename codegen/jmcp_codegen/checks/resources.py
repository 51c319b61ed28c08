"""Resources: each part of a URI is said to be something, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator

from jmcp_codegen.checks.subject import Subject
from jmcp_codegen.source.problems import Problem
from jmcp_codegen.source.routes import placeholders


def problems(subject: Subject) -> Iterator[Problem]:
    for name, resource in subject.spec.tools.data.get("resources", {}).items():
        place = ("resources", name, "parts")
        parts = placeholders(resource["uri"])
        for part in parts:
            if part not in resource["parts"]:
                reason = f"nothing says what {{{part}}} of {name} is"
                yield subject.document.problem("resource_part", place, reason)
        for part in resource["parts"]:
            if part not in parts:
                reason = f"the URI of {name} has no {{{part}}}"
                yield subject.document.problem("resource_part", (*place, part), reason)
