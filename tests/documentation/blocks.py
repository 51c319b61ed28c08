"""The code blocks of a page, and what the comment before one says of it.

A comment is for the test alone; neither GitHub nor the site shows it:

- `<!-- run: COMMAND -->`: what the page needs before it goes on, which no reader has to type
- `<!-- not run: REASON -->`: the next block cannot be run here
- `<!-- fails -->`: the last command of the next block ends with an error
- `<!-- file: PATH -->`: the next block is the whole of that file
- `<!-- output -->`: the next block is what the last one printed, `...` for what differs
- `<!-- shown -->`: the next block is a picture made of characters, or the form of something
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from markdown_it import MarkdownIt

Mark = Literal["run", "not run", "fails", "file", "output", "shown"]
COMMENT = re.compile(rf"<!--\s*({'|'.join(get_args(Mark))})(?::\s*(.*?))?\s*-->", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block. `line` is where it begins, counted from 1; `said` what its comment says beside the mark."""

    line: int
    language: str
    text: str
    mark: Mark | None = None
    said: str = ""


def blocks(page: Path) -> list[Block]:
    """All blocks of a page, in their order. Raises ValueError for a comment that no block follows."""
    return [*_blocks(page.read_text(), page.name)]


def _blocks(text: str, name: str) -> Iterator[Block]:
    pending: tuple[Mark, str, int] | None = None
    for token in MarkdownIt("commonmark").parse(text):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block":
            for match in COMMENT.finditer(token.content):
                if pending is not None:
                    raise ValueError(f"{name}:{pending[2]}: no block follows this comment")
                mark: Mark = match[1]  # type: ignore[assignment] # the pattern has only these
                said = " ".join((match[2] or "").split())
                if mark == "run":
                    yield Block(line=line, language="sh", text=f"{said}\n", mark="run")
                else:
                    pending = (mark, said, line)
        elif token.type == "fence" and not token.info.startswith("{"):  # {note} is no code
            mark_of_this, said, _ = pending or (None, "", 0)
            pending = None
            yield Block(
                line=line,
                language=token.info.split()[0] if token.info else "",
                text=token.content,
                mark=mark_of_this,
                said=said,
            )
        elif pending is not None and token.type not in ("list_item_open", "list_item_close"):
            raise ValueError(f"{name}:{pending[2]}: no block follows this comment")
    if pending is not None:
        raise ValueError(f"{name}:{pending[2]}: no block follows this comment")
