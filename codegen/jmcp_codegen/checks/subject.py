"""What the later checks look at: a spec whose names all lead somewhere, with aliases written out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jmcp_codegen.build import written_out
from jmcp_codegen.source.load import Document, Spec
from jmcp_codegen.source.merge import merged_params
from jmcp_codegen.source.schema import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`tools` are written out; `params` are merged with the session's, by tool."""

    spec: Spec
    document: Document
    tools: Mapping[str, Mapping[str, Any]]
    types: Mapping[str, Schema]
    sessions: Mapping[str, Any]
    params: Mapping[str, Schema]

    @classmethod
    def of(cls, spec: Spec) -> Subject:
        tools = written_out(spec.tools.data["tools"])
        sessions = spec.sessions.data
        return cls(
            spec=spec,
            document=spec.tools,
            tools=tools,
            types=spec.tools.data["types"],
            sessions=sessions,
            params={name: merged_params(tool, sessions) for name, tool in tools.items()},
        )
