"""Whether a notebook is one, by nbformat's schema, and whether its ids name its cells."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from jmcp.core.ports import Cell
from jmcp_api import phrases
from jmcp_api.enums import FindingCode
from jmcp_api.models import Finding
from jmcp_handlers.support.validation.findings import Subject, finding

ERRORS = 200
"""Violations of the schema that are looked for."""
REASON_CHARACTERS = 200


def format_findings(subject: Subject) -> Iterator[Finding]:
    """Violations of the schema, then cells that share an id, or have none."""
    yield from _violations(subject)
    counts = Counter(cell.cell_id for cell in subject.cells if cell.cell_id)
    seen: dict[str, Cell] = {}
    for cell in subject.cells:
        if cell.cell_id and counts[cell.cell_id] > 1:
            first = seen.setdefault(cell.cell_id, cell)
            if first is not cell:
                message = phrases.finding_duplicate_id(cell_id=cell.cell_id, index=first.index)
                yield finding("duplicate_id", message, cell, other=first)
    if subject.cells and not any(cell.cell_id for cell in subject.cells):
        yield finding("missing_id", phrases.finding_no_ids())


def _violations(subject: Subject) -> Iterator[Finding]:
    # A second of imports, which a server of its own that validates nothing need not wait for.
    validator: Any = importlib.import_module("nbformat.validator")
    content = subject.content
    minor = content.get("nbformat_minor", 0)
    found = validator.iter_validate(content, version=4, version_minor=minor, relax_add_props=True)
    for error in islice(found, ERRORS):
        place = list(error.relative_path)
        reason = _reason(error.message, content, place)
        if place[:1] == ["cells"] and len(place) > 1:
            cell = subject.cells[place[1]]
            field = ".".join(map(str, place[2:]))
            code: FindingCode = (
                "missing_id" if not field and "'id'" in error.message else "invalid_format"
            )
            message = phrases.finding_invalid_cell(field=field or "cell", reason=reason)
            yield finding(code, message, cell)
        else:
            field = ".".join(map(str, place)) or "notebook"
            message = phrases.finding_invalid_notebook(field=field, reason=reason)
            yield finding("invalid_format", message)


def _reason(message: str, content: Mapping[str, Any], place: list[Any]) -> str:
    """What the schema says, whose messages quote the data, however long that is."""
    line = message.partition("\n")[0]
    if len(line) <= REASON_CHARACTERS:
        return line
    half = REASON_CHARACTERS // 2
    return f"{line[:half]}…{line[-half:]}"
