"""HTML outputs as the text that agents read."""

from __future__ import annotations

import time

import pytest

from jmcp_handlers.support.outputs.html_text import html_text

LIMIT = 100_000


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        ("just text", "just text"),
        ("<b>bold</b> and <i>not</i>", "bold and not"),
        ("a &lt; b &amp;&nbsp;c &#8364;", "a < b & c €"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<p>one</p>\n\n <p>two\n words</p>", "one\n\ntwo words"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<h2>Title</h2>text", "## Title\n\ntext"),
        ("<ul><li>one</li><li>two</ul>after", "- one\n- two\nafter"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        (
            "<style>p {color: red}</style><script>if (a < b) {}</script>x<svg><text>y</text></svg>",
            "x",
        ),
        ("a<!-- <b>comment</b> -->b<!doctype html>c", "abc"),
        ("<a title=\"a > b\" href='x'>link</a>", "link"),
        ("1 < 2 and <3", "1 < 2 and <3"),
        ("text <b unclosed", "text"),
        ("a<script>never closed", "a"),
        ("a<!-- never closed", "a"),
        ("</p></table></td>x", "x"),
    ],
)
def test_text(source: str, text: str) -> None:
    assert html_text(source, LIMIT) == text


def test_tables_are_kept() -> None:
    frame = """<div><style scoped>.dataframe td {}</style><table border="1" class="dataframe">
      <thead><tr style="text-align: right;"><th></th><th>name</th><th>n</th></tr></thead>
      <tbody><tr><th>0</th><td>a|b</td><td>1</td></tr>
             <tr><th>1</th><td>c<br>d</td><td></td></tr></tbody></table><p>2 rows x 2 columns</p></div>"""
    assert html_text(frame, LIMIT) == (
        "|  | name | n |\n| --- | --- | --- |\n| 0 | a\\|b | 1 |\n| 1 | c d |  |\n\n2 rows x 2 columns"
    )


def test_cells_that_span_leave_the_others_in_their_columns() -> None:
    table = """<table><caption>Sales</caption>
      <tr><th rowspan=2>year<th colspan="2">sold</th></tr><tr><td>north</td><td>south</td></tr>
      <tr><td rowspan='2'>2025</td><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>"""
    assert html_text(table, LIMIT).splitlines() == [
        "Sales",
        "",
        "| year | sold |  |",
        "| --- | --- | --- |",
        "|  | north | south |",
        "| 2025 | 1 | 2 |",
        "|  | 3 | 4 |",
    ]


def test_a_table_in_a_table_is_its_words() -> None:
    inner = "<table><tr><td>a<td>b</table>"
    assert html_text(f"<table><tr><td>x<td>{inner}</table>", LIMIT) == "| x | a b |\n| --- | --- |"


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<!",
        "<!--",
        "<a ",
        "<a b='",
        "<a b=\"'",
        "</",
        "<script>",
        "<table>",
        "<table><tr><td rowspan=999 colspan=999>",
        "<td colspan=50>",
        "<li>",
        "<div>",
        "&#",
        "&",
        "\n ",
        "</script",
        "<pre>",
    ],
)
def test_nothing_takes_longer_than_its_length(piece: str) -> None:
    source = "<table>" * (piece == "<td colspan=50>") + piece * (LIMIT // len(piece))
    began = time.process_time()
    assert len(html_text(source, LIMIT)) < 100 * LIMIT
    assert time.process_time() - began < 1


def test_what_exceeds_the_limit_is_not_read() -> None:
    assert html_text("x" * 10, 4) == "xxxx"
