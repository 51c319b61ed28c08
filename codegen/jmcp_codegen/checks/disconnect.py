"""Callers who leave: every tool that runs code says what becomes of the run."""

from __future__ import annotations

from collections.abc import Iterator

from jmcp_codegen.checks.subject import Subject
from jmcp_codegen.source.problems import Problem


def problems(subject: Subject) -> Iterator[Problem]:
    for name, tool in subject.tools.items():
        session = tool["session"]
        # Only code reaches beyond the server. Sessions have a kernel to run it in; a tool without one
        # may bring its own.
        reaches, use = tool["annotations"]["open_world"], session["use"]
        runs = reaches and (use == "required" or (use == "none" and "on_disconnect" in session))
        if runs == ("on_disconnect" in session):
            continue
        if runs:
            reason = f"{name} runs code; say on_disconnect: detach or interrupt"
        else:
            reason = f"{name} runs no code in a session, so nothing is to be done on_disconnect"
        place = ("tools", name, "session", *(() if runs else ("on_disconnect",)))
        yield subject.document.problem("on_disconnect", place, reason)
