"""Notebooks that are large or odd, as tools in the wild write them."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path
from typing import Any

HUGE_INTEGER = 2**70


def code_cell(source: Any = "1", *outputs: Any, cell_id: Any = "c0") -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": cell_id,
        "metadata": {},
        "source": source,
        "outputs": list(outputs),
        "execution_count": None,
    }


def display(**data: Any) -> dict[str, Any]:
    """A display_data output; `image_png` is the data of image/png."""
    named = {name.replace("_", "/"): value for name, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": named}


def notebook(*cells: Any, **fields: Any) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **fields}


def write(path: Path, content: Any) -> None:
    """As Python's json does, which writes NaN and Infinity."""
    path.write_text(json.dumps(content))


def png(width: int, height: int) -> str:
    """A black image of one bit per pixel, in base64: small in a file, large when it is decoded."""
    row = b"\0" + bytes((width + 7) // 8)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    return base64.b64encode(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in chunks
        )
    ).decode()


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


def odd() -> dict[str, Any]:
    """Notebooks that break the format, by name: each opens, or is refused with its reason."""
    infinite, not_a_number = float("inf"), float("nan")
    return {
        "integers beyond 64 bits": notebook(
            code_cell("1", display(application_json={"n": HUGE_INTEGER})), metadata={"n": -(2**90)}
        ),
        "NaN in metadata": notebook(code_cell(), metadata={"score": not_a_number}),
        "infinity in an output": notebook(
            code_cell("1", display(application_json={"n": [infinite, -infinite, not_a_number]}))
        ),
        "no nbformat_minor": {"nbformat": 4, "metadata": {}, "cells": [code_cell()]},
        "no outputs": notebook({"cell_type": "code", "id": "a", "metadata": {}, "source": "1"}),
        "an id of null": notebook(code_cell(cell_id=None)),
        "an id that is a number": notebook(code_cell(cell_id=7)),
        "a source of null": notebook(code_cell(source=None)),
        "pyout in version 4": notebook(
            code_cell("1", {"output_type": "pyout", "prompt_number": 1, "text": ["1"]})
        ),
        "a lone surrogate": notebook(code_cell("print('\ud800')")),
        "deep nesting": notebook(code_cell(), metadata={"deep": nested(400)}),
    }
