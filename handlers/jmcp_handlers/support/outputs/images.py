"""Images for a model: complete, no larger than a model looks at, and within what decoding may cost
the server."""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import struct
import zlib
from typing import TYPE_CHECKING

from jmcp.core.calls.call import Image
from jmcp_api import limits, phrases

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile as Picture

IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""What MCP clients show, in the order of preference when an output has several."""
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_SIZE = slice(16, 24)
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
"""Modes of PIL that a PNG has and that can be scaled; others (CMYK, 16 bits) become RGB."""
_PNG_CHUNK = 12
"""Bytes of a chunk besides its data: length, type and checksum."""

_decoding = asyncio.Lock()
"""Held while an image is decoded, one at a time: decoding takes several bytes of memory for each
pixel."""


class ImageRefusedError(Exception):
    """The image is not sent; the text says why."""


async def scaled(mime_type: str, data: str) -> Image:
    """The image, scaled down where its longest edge is above the limit.

    Raises ImageRefusedError for what cannot be decoded, or has too many bytes or pixels for that.
    """
    if len(data) > limits.IMAGE_BYTES * 4 // 3 + 4:
        raise ImageRefusedError(phrases.image_bytes(limit=limits.IMAGE_BYTES))
    try:
        raw = base64.b64decode(data, validate=False)
    except binascii.Error:
        raw = b""
    return await scaled_bytes(mime_type, raw)


async def scaled_bytes(mime_type: str, raw: bytes) -> Image:
    """As `scaled`, of what its base64 stands for."""
    if not raw:
        raise ImageRefusedError(phrases.image_broken())
    if mime_type == "image/png" and raw.startswith(_PNG_SIGNATURE):
        # Nearly every plot is a PNG, which tells its size and whether it is whole: no decoder needed.
        size = _png_size(raw)
        _check_pixels(size)
        if max(size) <= limits.IMAGE_EDGE_PIXELS and _is_whole_png(raw):
            return Image(mime_type=mime_type, data=base64.b64encode(raw).decode())
    async with _decoding:
        return await asyncio.to_thread(_scale, mime_type, raw)


def _png_size(raw: bytes) -> tuple[int, int]:
    if len(raw) < _PNG_SIZE.stop:
        raise ImageRefusedError(phrases.image_broken())
    width, height = struct.unpack(">II", raw[_PNG_SIZE])
    return width, height


def _check_pixels(size: tuple[int, int]) -> None:
    if size[0] * size[1] > limits.IMAGE_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> ImageRefusedError:
    return ImageRefusedError(phrases.image_pixels(limit=limits.IMAGE_PIXELS))


def _is_whole_png(raw: bytes) -> bool:
    """Whether all its chunks are there, with the right checksums and an end."""
    at = len(_PNG_SIGNATURE)
    while at + _PNG_CHUNK <= len(raw):
        (length,) = struct.unpack(">I", raw[at : at + 4])
        end = at + _PNG_CHUNK + length
        if end > len(raw):
            return False
        body = memoryview(raw)[at + 4 : end - 4]
        if struct.pack(">I", zlib.crc32(body)) != raw[end - 4 : end]:
            return False
        if bytes(body[:4]) == b"IEND":
            return True
        at = end
    return False


def _scale(mime_type: str, raw: bytes) -> Image:
    from PIL import Image as Pictures  # 20 MB of memory that most servers never need

    try:
        with Pictures.open(io.BytesIO(raw)) as picture:
            _check_pixels(picture.size)
            if max(picture.size) <= limits.IMAGE_EDGE_PIXELS and _is_as_said(picture, mime_type):
                return Image(mime_type=mime_type, data=base64.b64encode(raw).decode())
            return Image(mime_type="image/png", data=base64.b64encode(_as_png(picture)).decode())
    except ImageRefusedError:
        raise
    except (Pictures.DecompressionBombError, Pictures.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except Exception as error:  # PIL raises SyntaxError, struct.error and more for broken files
        raise ImageRefusedError(phrases.image_broken()) from error


def _is_as_said(picture: Picture, mime_type: str) -> bool:
    """Whether a small image can be sent unchanged, because it is of its MIME type and complete.
    Only PNGs that are broken come here, which never can."""
    if picture.get_format_mimetype() != mime_type or mime_type == "image/png":
        return False
    picture.load()  # raises for one that is cut off
    return picture.mode != "CMYK"


def _as_png(picture: Picture) -> bytes:
    shown = picture if picture.mode in _PNG_MODES else picture.convert("RGB")
    shown.thumbnail((limits.IMAGE_EDGE_PIXELS, limits.IMAGE_EDGE_PIXELS))
    target = io.BytesIO()
    shown.save(target, format="PNG")
    return target.getvalue()
