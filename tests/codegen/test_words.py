"""Words that the core declares too, because it imports no generated code: the same in both.

What the core knows of the spec's own format (scopes, uses of a session) is the same as in the
JSON Schemas that check the spec.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from jmcp.core import errors, ports
from jmcp.core.calls import principal, tool
from jmcp.core.kernels import release
from jmcp.core.runs.record import status
from jmcp_api import enums

SCHEMAS = Path(__file__).parents[2] / "codegen" / "jmcp_codegen" / "schemas"
DEFINED = json.loads((SCHEMAS / "tools.schema.json").read_text("utf-8"))["$defs"]


def words(literal: Any) -> set[str]:
    return set(get_args(literal))


@pytest.mark.parametrize(
    ("core", "spec"),
    [
        (ports.CellType, enums.CellType),
        (ports.DocumentMode, enums.DocumentMode),
        (ports.SaveState, enums.SaveState),
        (ports.KernelState, enums.KernelState),
        (ports.EntryType, enums.EntryType),
        (status.RunStatus, enums.RunStatus),
        (release.Fate, enums.KernelFate),
        (release.Release, enums.KernelRelease),
    ],
    ids=lambda literal: ",".join(get_args(literal)),
)
def test_the_core_knows_the_words_of_the_spec(core: Any, spec: Any) -> None:
    assert words(core) == words(spec)


@pytest.mark.parametrize(
    ("core", "definition", "key"),
    [
        (errors.Fault, "error", "fault"),
        (errors.Retry, "error", "retry"),
        (principal.Scope, "tool", "scope"),
        (tool.SessionUse, "session", "use"),
        (tool.Access, "session", "access"),
        (tool.OnDisconnect, "session", "on_disconnect"),
        (get_type_hints(tool.Route)["method"], "http", "method"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_core_knows_the_words_of_the_format(core: Any, definition: str, key: str) -> None:
    assert words(core) == set(DEFINED[definition]["properties"][key]["enum"])
