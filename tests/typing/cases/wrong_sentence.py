"""Must fail: sentences that are not there, or whose placeholders are left out or of another type."""

from golden_api import errors, phrases
from golden_api.backend_errors import NotebookMissing


def raised() -> list[Exception]:
    return [
        errors.CellNotFound("No cell."),  # see tests/codegen/test_sentences.py
        errors.CellNotFound.name(),  # E: "type[CellNotFound]" has no attribute "name"
        errors.CellNotFound.removed(source=""),  # E: Missing named argument "cell_count"
        errors.CellNotFound.removed(cell_count="1", source=""),  # E: Argument "cell_count"
        errors.CellNotFound.removed(cell_count=1, source="", path=""),  # E: Unexpected keyword
        errors.SessionNotFound.unknown(name="a", known=[1], sessions=[]),  # E: List item 0 has
        NotebookMissing.gone(path=None),  # E: Argument "path" to "gone"
    ]


def said() -> list[str]:
    return [
        phrases.left_out(count=2),
        phrases.left_out(),  # E: Missing named argument "count" for "left_out"
        phrases.seconds_left(seconds="1"),  # E: Argument "seconds" to "seconds_left"
    ]
