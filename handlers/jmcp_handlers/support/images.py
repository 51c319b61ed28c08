"""Images for a model: no larger than it looks at."""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import struct

from jmcp.core.calls.call import Image

IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""What MCP clients show, in the order of preference when an output has several."""
EDGE_PIXELS = 1568
"""The longest edge that widespread models look at; a larger image only costs more."""
_PNG_SIZE = slice(16, 24)


async def scaled(mime_type: str, data: str) -> Image | None:
    """The image, scaled down to EDGE_PIXELS if it is larger; None when it is not valid base64."""
    try:
        raw = base64.b64decode(data, validate=False)
    except binascii.Error:
        return None
    if not raw:
        return None
    if _small(mime_type, raw):
        return Image(mime_type=mime_type, data=base64.b64encode(raw).decode())
    return await asyncio.to_thread(_scale, mime_type, raw)


def _small(mime_type: str, raw: bytes) -> bool:
    # Nearly every plot is a PNG, whose size stands in its first bytes: no decoder needed.
    if mime_type != "image/png" or len(raw) < _PNG_SIZE.stop:
        return False
    width, height = struct.unpack(">II", raw[_PNG_SIZE])
    return bool(max(width, height) <= EDGE_PIXELS)


def _scale(mime_type: str, raw: bytes) -> Image | None:
    from PIL import Image as Picture  # 20 MB of memory that most servers never need
    from PIL import UnidentifiedImageError

    try:
        with Picture.open(io.BytesIO(raw)) as picture:
            if max(picture.size) <= EDGE_PIXELS:
                return Image(mime_type=mime_type, data=base64.b64encode(raw).decode())
            picture.thumbnail((EDGE_PIXELS, EDGE_PIXELS))
            target = io.BytesIO()
            picture.save(target, format="PNG")
    except (UnidentifiedImageError, OSError, ValueError, Picture.DecompressionBombError):
        return None
    return Image(mime_type="image/png", data=base64.b64encode(target.getvalue()).decode())
