"""SECURITY.md claims what tests hold: those that it names are there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[2]
PAGE = TESTS.parent / "SECURITY.md"
NAMED = re.compile(r"`([\w/]+\.py)?(?:::(\w+))?`")


def test_every_test_that_it_names_exists() -> None:
    """A name without a file is of the file that was named before it."""
    file, found = "", 0
    for match in NAMED.finditer(PAGE.read_text()):
        file = match[1] or file
        if file.startswith("jmcp/"):
            assert (TESTS.parent / file).is_file(), file
            continue
        source = (TESTS / file).read_text()
        assert match[2] is None or f"def {match[2]}(" in source, (file, match[2])
        found += 1
    assert found > 30
