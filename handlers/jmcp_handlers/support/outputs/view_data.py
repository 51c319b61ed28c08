"""What the view of an output gets: outputs as the notebook has them, within a budget."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from jmcp.core.ports import Output as NotebookOutput
from jmcp.core.sessions.readings.digests import digest
from jmcp_api import limits
from jmcp_handlers.support.outputs.output_content import mime_types
from jmcp_handlers.support.outputs.output_results import error_line, joined

THREADED_CHARACTERS = 1_000_000
"""A longer text is hashed in a thread, for it takes milliseconds."""
SIZES = ("width", "height")
"""What of an output's metadata a view goes by: how large an image is to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOutput:
    """One output. `types` are its data by MIME type, as characters."""

    number: int
    output: NotebookOutput
    types: Mapping[str, str]

    @classmethod
    def of(cls, number: int, output: NotebookOutput) -> Self:
        types = {mime_type: stored(output, mime_type) for mime_type in mime_types(output)}
        return cls(number=number, output=output, types=types)


def stored(output: NotebookOutput, mime_type: str) -> str:
    """The characters of an output in one of its types: text with its control sequences, JSON, or
    base64."""
    kind = output["output_type"]
    if kind == "stream":
        return joined(output.get("text", ""))
    if kind == "error":
        named = error_line(str(output.get("ename") or ""), str(output.get("evalue") or ""))
        return "\n".join(map(str, output.get("traceback") or ())) or named
    value = output["data"][mime_type]
    if mime_type.endswith("json") and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return joined(value)


async def digested(data: str) -> str:
    """The digest of a text. Other calls get their turns while a long one is read."""
    if len(data) <= THREADED_CHARACTERS:
        return digest(data).hex()
    return (await asyncio.to_thread(digest, data)).hex()


async def view_data(outputs: Sequence[StoredOutput], about: Mapping[str, Any]) -> dict[str, Any]:
    """`about` and the outputs. The smallest data goes along, within VIEW_CHARACTERS of all outputs;
    the rest has its size and digest, and is asked for."""
    sizes = sorted(
        (len(data), one.number, mime_type)
        for one in outputs
        for mime_type, data in one.types.items()
    )
    left, within = limits.VIEW_CHARACTERS, set()
    for size, number, mime_type in sizes:
        left -= size
        if left < 0:
            break
        within.add((number, mime_type))
    return {
        **about,
        "loaded_characters": limits.VIEW_OUTPUT_CHARACTERS,
        "outputs": [
            {
                "output": one.number,
                "output_type": one.output["output_type"],
                "name": str(one.output.get("name") or ""),
                "sizes": _sizes(one.output),
                "types": {
                    mime_type: {"size": len(data), "data": data}
                    if (one.number, mime_type) in within
                    else {"size": len(data), "digest": await digested(data)}
                    for mime_type, data in one.types.items()
                },
            }
            for one in outputs
        ],
    }


def _sizes(output: NotebookOutput) -> dict[str, dict[str, int]]:
    """Width and height of images in pixels, by type, where the notebook has them."""
    metadata = output.get("metadata")
    if not isinstance(metadata, Mapping):
        return {}
    found = {}
    for mime_type, one in metadata.items():
        if isinstance(one, Mapping):
            sizes = {name: one[name] for name in SIZES if isinstance(one.get(name), int)}
            if sizes:
                found[mime_type] = sizes
    return found
