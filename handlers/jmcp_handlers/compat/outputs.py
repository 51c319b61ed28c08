"""Outputs as results of older servers have them: texts and images, each in a list of their own."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any

from jmcp.core.notices import ImagesLeftOut
from jmcp.core.ports import Output
from jmcp.core.sessions.session import Session
from jmcp_api import limits, phrases
from jmcp_api.models import ImageObject
from jmcp_handlers.support.outputs.images import ImageRefusedError, scaled
from jmcp_handlers.support.outputs.output_results import clip, joined, page, plain_in_turns

SVG = "image/svg+xml"
IMAGE_TYPES = ("image/png", "image/jpeg", SVG, "image/gif", "image/webp")
"""In the order of preference when an output has several."""
LEAST_IMAGE_CHARACTERS = 51
"""Of the base64 of an image; what is shorter is none."""
LEAST_BASE64_CHARACTERS = 100
"""Of a text that is taken for an image in base64."""
LEAST_TEXT_CHARACTERS = 100
"""Of the room for one more output; with less, those that are left are counted."""
_BASE64 = re.compile(
    r"\s*b?['\"]?(data:image/[a-z+.-]+;base64,)?"
    r"(iVBORw0KGgo|/9j/|R0lGOD|PHN2Zy|PD94bWw)[A-Za-z0-9+/=\s]*['\"]?\s*"
)
"""An image in base64, by how the kinds of IMAGE_TYPES begin."""


class OutputForm:
    """Gives the outputs of one result their older form, all images of it within one budget."""

    def __init__(self, session: Session, *, full: bool) -> None:
        self._session = session
        self._full = full
        self._left = limits.IMAGE_TEXT_CHARACTERS
        self._count = 0
        self._left_out = 0
        self._reasons: dict[str, None] = {}

    async def of(self, outputs: Sequence[Output]) -> tuple[list[str], list[ImageObject]]:
        """The texts of the outputs, each cut where it is too long, and their images."""
        texts: list[str] = []
        images: list[ImageObject] = []
        shown = page(outputs, 0, self._session)
        left = limits.FULL_OUTPUT_CHARACTERS
        for place, (number, output) in enumerate(shown):
            if left < LEAST_TEXT_CHARACTERS:
                texts.append(phrases.outputs_cut(count=len(shown) - place))
                break
            text = await self._image(output, number, images) or await text_of(output)
            if text is not None:
                texts.append(cut(text, left, full=self._full))
                left -= len(texts[-1])
        return texts, images

    def tell(self) -> None:
        """Add the notice of the images that are not in the result."""
        if self._left_out:
            reasons = list(self._reasons)
            self._session.notice(ImagesLeftOut(count=self._left_out, reasons=reasons))

    async def _image(self, output: Output, number: int, images: list[ImageObject]) -> str | None:
        """What stands for the output's image in its text; None where it has no image."""
        data: dict[str, Any] = output.get("data", {})
        mime_type = next((one for one in IMAGE_TYPES if one in data), None)
        if mime_type is None:
            return None
        source = joined(data[mime_type])
        if mime_type != SVG and len(source.strip()) < LEAST_IMAGE_CHARACTERS:
            return None
        try:
            image = await self._within_budget(mime_type, source, number)
        except ImageRefusedError as refused:
            self._left_out += 1
            self._reasons[str(refused)] = None
            return phrases.image_not_shown(mime_type=mime_type, reason=str(refused))
        images.append(image)
        return phrases.image_placeholder(mime_type=image.mime_type, size=image.size_bytes)

    async def _within_budget(self, mime_type: str, source: str, number: int) -> ImageObject:
        """Raises ImageRefusedError."""
        if not self._session.workspace.shows_images:
            raise ImageRefusedError(phrases.image_off())
        if self._count >= limits.RESULT_IMAGES:
            raise ImageRefusedError(phrases.image_count(limit=limits.RESULT_IMAGES))
        if mime_type == SVG:
            if len(source) > limits.IMAGE_TEXT_CHARACTERS:
                raise self._no_room()
            data = base64.b64encode(source.encode(errors="replace")).decode()
        else:
            image = await scaled(mime_type, source)
            mime_type, data = image.mime_type, image.data
            # Beside the structure too: some clients give their models nothing else of it.
            self._session.workspace.attach(image)
        if len(data) > self._left:
            raise self._no_room()
        self._left -= len(data)
        self._count += 1
        return ImageObject(
            type="image",
            mime_type=mime_type,
            size_bytes=len(data),
            base64_data=data,
            description=phrases.image_description(number=number, mime_type=mime_type),
        )

    def _no_room(self) -> ImageRefusedError:
        return ImageRefusedError(phrases.image_room(limit=limits.IMAGE_TEXT_CHARACTERS))


async def text_of(output: Output) -> str | None:
    """An output as text, whole; a placeholder for one that is none, None for one with nothing."""
    data: dict[str, Any] = output.get("data", {})
    if "text/html" in data:
        return phrases.html_placeholder()
    text = await plain_in_turns(output)
    if text is None:
        return phrases.data_placeholder(mime_types=sorted(data)) if data else None
    if len(text) >= LEAST_BASE64_CHARACTERS and _BASE64.fullmatch(text):
        return phrases.base64_placeholder(count=len(text))
    return text


def cut(text: str, room: int, *, full: bool) -> str:
    """A text as a result has it, with how to get the rest where it is cut. `room` is what the result
    has for it."""
    most = limits.FULL_OUTPUT_CHARACTERS
    limit = min(room, most if full else limits.SHORT_OUTPUT_CHARACTERS)
    shown, missing = clip(text, 0, limit)
    if not missing:
        return shown
    if limit < limits.SHORT_OUTPUT_CHARACTERS or full:
        return shown + phrases.text_cut_full(limit=limit)
    return shown + phrases.text_cut(limit=limit, more=most)
