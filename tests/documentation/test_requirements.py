"""Each requirement of docs/requirements.md names tests that are there, or says what is not."""

from __future__ import annotations

import re

import pytest

from tests.documentation.page import CHECKOUT

PAGE = CHECKOUT / "docs" / "requirements.md"
ROW = re.compile(r"^\| ([A-Z]+-\d\d) \| (.+) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")
COUNTS = {
    "TOOL": 40,
    "HTTP": 9,
    "CLI": 8,
    "MODE": 12,
    "TRAN": 6,
    "WEB": 18,
    "PERS": 7,
    "MU": 24,
    "SEC": 11,
}
"""How many requirements each family has."""

REQUIREMENTS = ROW.findall(PAGE.read_text())


def test_each_requirement_is_there_once() -> None:
    expected = [f"{family}-{n:02}" for family, count in COUNTS.items() for n in range(1, count + 1)]
    assert [identity for identity, _, _ in REQUIREMENTS] == expected


@pytest.mark.parametrize("row", REQUIREMENTS, ids=lambda row: row[0])
def test_the_tests_that_it_names_are_there(row: tuple[str, str, str]) -> None:
    _, what, tests = row
    named = NAMED.findall(tests)
    assert named or "Not there." in what
    for file, test in named:
        source = (CHECKOUT / "tests" / file).read_text()
        assert not test or re.search(rf"\bdef {test}\(", source), f"{file}::{test}"
