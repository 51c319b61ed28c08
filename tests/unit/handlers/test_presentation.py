"""Outputs as results show them."""

from __future__ import annotations

from typing import Any

import pytest

from jmcp_handlers.support.output_results import clip, plain


def test_a_short_text_is_whole() -> None:
    assert clip("abc", 0, 3) == ("abc", 0)


def test_a_long_text_keeps_head_and_tail_at_line_ends() -> None:
    text = "".join(f"line {number}\n" for number in range(1000))
    shown, missing = clip(text, 0, 300)
    head, _, tail = shown.partition(f"\n[... {missing} characters left out ...]\n")
    assert text.startswith(head + "\n")
    assert text.endswith(tail)
    assert tail.startswith("line ")
    assert len(head) + missing + len(tail) == len(text)
    assert len(head) + len(tail) <= 300


def test_one_long_line_is_cut_in_its_middle() -> None:
    shown, missing = clip("x" * 1000, 0, 100)
    assert missing == 900
    assert shown.count("x") == 100


@pytest.mark.parametrize(
    ("start", "page", "missing"), [(2, "cde", 5), (8, "ij", 0), (10, "", 0), (99, "", 0)]
)
def test_pages_follow_one_another(start: int, page: str, missing: int) -> None:
    assert clip("abcdefghij", start, 3) == (page, missing)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ({"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]}, "a\nb"),
        ({"output_type": "stream", "name": "stdout", "text": "\x1b[31mred\x1b[0m"}, "red"),
        (
            {
                "output_type": "stream",
                "name": "stdout",
                "text": "\x1b]8;;http://x\x07link\x1b]8;;\x07",
            },
            "link",
        ),
        ({"output_type": "error", "ename": "E", "evalue": "v", "traceback": []}, "E: v"),
        ({"output_type": "error", "ename": "", "evalue": "127", "traceback": []}, "127"),
        ({"output_type": "display_data", "data": {"text/plain": "p", "text/html": "<b>"}}, "p"),
        ({"output_type": "display_data", "data": {"text/html": "<b>"}}, None),
        ({"output_type": "display_data", "data": {"application/json": {"a": "ä"}}}, '{"a": "ä"}'),
    ],
)
def test_the_text_of_an_output(output: dict[str, Any], text: str | None) -> None:
    assert plain(output) == text
