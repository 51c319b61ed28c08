"""What docs/custom-tools.md promises to packages is there, as it says."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from jmcp import toolsets

PAGE = (Path(__file__).parents[3] / "docs" / "custom-tools.md").read_text()
SECTION = PAGE.partition("## What a handler gets")[2].partition("\n## ")[0]
ROW = re.compile(r"`(\w+)(?:\.(\w+))?(?:\(([\w, ]*)\))?`(?:, `(\w+)\(([\w, ]*)\)`)? \| ")
PROMISES = [
    (found[at], found[2] if at == 1 else None, found[at + 2 if at == 1 else 5])
    for line in SECTION.splitlines()
    if (found := ROW.match(line.removeprefix("| "))) is not None
    for at in (1, 4)
    if found[at] is not None
]


def test_the_page_has_them() -> None:
    assert len(PROMISES) > 25


@pytest.mark.parametrize(
    ("name", "member", "params"), PROMISES, ids=[f"{one}.{two}" for one, two, _ in PROMISES]
)
def test_each_is_there(name: str, member: str | None, params: str | None) -> None:
    promised = getattr(toolsets, name)
    if member is not None and hasattr(promised, member):
        promised = getattr(promised, member)
    elif member is not None:  # of an object alone
        assert re.search(rf"(self\.)?\b{member}\b\s*[:=]", inspect.getsource(promised))
        assert params is None
    if params is not None:
        known = inspect.signature(promised).parameters
        assert {*filter(None, params.split(", "))} <= known.keys()


@pytest.mark.parametrize("name", toolsets.__all__)
def test_all_that_is_exported_is_named(name: str) -> None:
    assert re.search(rf"\b{name}\b", SECTION)


@pytest.mark.parametrize(
    "field",
    [
        "index",
        "cell_id",
        "cell_type",
        "source",
        "execution_count",
        "output_count",
        "outputs",
        "metadata",
    ],
)
def test_a_cell_has_its_fields(field: str) -> None:
    assert field in toolsets.Cell.__dataclass_fields__
