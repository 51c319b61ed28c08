"""Every command and every block of code of the documentation is run, or says why it cannot be."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.documentation.blocks import Block, blocks
from tests.documentation.page import CHECKOUT, LANGUAGES, matches, run
from tests.thorough import fast_only

LEFT_OUT = 20
"""Blocks that cannot be run here, at most, in all pages together; five need a Hub that goes on running."""
RECORDS = CHECKOUT / "docs" / "decisions"
"""Which tell why something was decided, with the code of that day."""


def documented() -> list[str]:
    """All pages with code, from the checkout's folder."""
    found = [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")]
    pages = [page for page in found if RECORDS not in page.parents]
    return sorted(str(page.relative_to(CHECKOUT)) for page in pages if blocks(page))


PAGES = fast_only(documented(), "README.md")


NEEDED = ("bash", "curl", "script", "timeout")
"""Programs that each page's shell needs."""


@pytest.mark.parametrize("page", PAGES)
async def test_what_a_page_tells_to_run_runs(page: str, tmp_path: Path) -> None:
    needed = (*NEEDED, *(["redis-server"] if "redis" in page else []))
    if missing := [name for name in needed if shutil.which(name) is None]:
        pytest.skip(f"left out: {', '.join(missing)} not found")
    await run(CHECKOUT / page, tmp_path)


def test_few_blocks_are_not_run_and_say_why() -> None:
    """`pytest -rP` lists them."""
    left_out: list[tuple[str, Block]] = [
        (page, block)
        for page in documented()
        for block in blocks(CHECKOUT / page)
        if block.mark == "not run"
    ]
    for page, block in left_out:
        sys.stdout.write(f"{page}:{block.line}: {block.said}\n")
        assert len(block.said) > 20, f"{page}:{block.line} does not say why"
    assert len(left_out) <= LEFT_OUT


def test_each_block_says_what_it_is() -> None:
    """Else nothing would be done with it."""
    for page in documented():
        for block in blocks(CHECKOUT / page):
            known = block.mark is not None or block.language in LANGUAGES
            assert known, f"{page}:{block.line}: {block.language or 'no language'}"


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("took ... s", "took 0.13 s", True),
        ("a", "a\nb", False),
        ("a\n...\nd", "a\nb\nc", False),
    ],
)
def test_what_is_shown_is_compared_with_what_is_printed(
    shown: str, printed: str, same: bool
) -> None:
    assert matches(shown, printed) is same
