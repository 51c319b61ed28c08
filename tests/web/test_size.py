"""The built pages stay small: what a browser fetches before it shows something, and all of one."""

from __future__ import annotations

import re

import pytest

from jmcp.transport.pages.built_files import FOLDER, built_file, built_names

CODE = (".js", ".css", ".html")
MOST_KB = 250
MOST_FIRST_KB = 40


def kilobytes(page: str, names: set[str]) -> float:
    return sum(len(built_file(page, name).compressed) for name in names) / 1000


@pytest.mark.parametrize("page", sorted(folder.name for folder in FOLDER.iterdir()))
def test_the_code_of_a_page_is_small(page: str) -> None:
    code = {name for name in built_names(page) if name.endswith(CODE)}
    assert 0 < kilobytes(page, code) <= MOST_KB


def test_little_comes_before_the_first_paint() -> None:
    """The page's own file, and the scripts and styles that it names, with what these import."""
    index = built_file("workbench", "index.html").content.decode()
    first = {"index.html", *re.findall(r'(?:src|href)="workbench/([^"]+\.(?:js|css))"', index)}
    assert len(first) > 2
    waiting = [name for name in first if name.endswith(".js")]
    while waiting:
        script = built_file("workbench", waiting.pop()).content.decode()
        imported = set(re.findall(r'(?:from|import)\s*"\./([^"]+\.js)"', script)) - first
        first |= imported
        waiting += imported
    assert kilobytes("workbench", first) <= MOST_FIRST_KB, first
