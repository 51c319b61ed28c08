"""Why the bytes of a file are not a notebook, as exactly as they tell."""

from __future__ import annotations

import codecs
import json
import re

from jmcp_api.backend_errors import NotebookBroken
from jmcp_jupyter.documents.common.models import check_content

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
"""UTF-32 first: its mark in little endian begins like that of UTF-16."""

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
CONFLICT = re.compile(rb"^(<{7}|={7}|>{7}|\|{7})( |\r?$)", re.MULTILINE)
"""A line that git writes where both sides of a merge changed something."""


def diagnose(path: str, data: bytes) -> NotebookBroken | None:
    """What to tell of a file that Jupyter could not read as a notebook; None where it is one."""
    try:
        _check(path, data)
    except NotebookBroken as error:
        return error
    return None


def _check(path: str, data: bytes) -> None:
    """Raises NotebookBroken."""
    if not data.strip(b" \t\r\n\0"):
        raise NotebookBroken.empty(path=path)
    if data.startswith(LFS_POINTER):
        raise NotebookBroken.lfs_pointer(path=path)
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            raise NotebookBroken.encoding(path=path, encoding=encoding)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line, column = _position(data, error.start)
        raise NotebookBroken.undecodable(
            path=path, byte=f"{data[error.start]:02X}", line=line, column=column
        ) from error
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        if (conflict := CONFLICT.search(data)) is not None:
            line, _ = _position(data, conflict.start())
            raise NotebookBroken.merge_conflict(path=path, line=line) from error
        raise NotebookBroken.not_json(
            path=path, problem=error.msg, line=error.lineno, column=error.colno
        ) from error
    except RecursionError as error:
        raise NotebookBroken.too_deep(path=path) from error
    except ValueError as error:  # an integer of more digits than Python reads
        raise NotebookBroken.unreadable(path=path) from error
    check_content(path, content)


def _position(data: bytes, at: int) -> tuple[int, int]:
    """Line and column of a byte, both from 1 on."""
    line_start = data.rfind(b"\n", 0, at) + 1
    return data.count(b"\n", 0, at) + 1, at - line_start + 1
