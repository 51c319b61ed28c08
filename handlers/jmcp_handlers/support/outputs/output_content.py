"""All of one output, in one of its MIME types."""

from __future__ import annotations

import base64
import binascii
import json

from jmcp.core.ports import Output as NotebookOutput
from jmcp_handlers.support.outputs.output_results import TEXT, joined, plain_in_turns

_TEXTS = frozenset(
    ("image/svg+xml", "application/javascript", "application/xml", "application/sql")
)


def mime_types(output: NotebookOutput) -> list[str]:
    """The types that an output can be had in."""
    if output["output_type"] in ("stream", "error"):
        return [TEXT]
    return sorted(output.get("data", ()))


async def content(output: NotebookOutput, mime_type: str) -> str | bytes:
    """The output in one of its types: text, or what its base64 stands for."""
    if output["output_type"] in ("stream", "error"):
        return await plain_in_turns(output) or ""
    value = output["data"][mime_type]
    if mime_type.endswith("json") and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    text = joined(value)
    if mime_type.startswith("text/") or mime_type.endswith(("+xml", "json")):
        return text
    if mime_type in _TEXTS:
        return text
    try:
        # Without its line ends, which some kernels put in.
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return text  # a type of somebody's own, whose data is text
