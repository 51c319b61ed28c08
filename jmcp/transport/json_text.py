"""JSON as bytes for answers: the one encoder of all HTTP surfaces."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import PydanticSerializationError, to_json
from starlette.responses import JSONResponse


def encoded(data: Any) -> bytes:
    """Compact UTF-8 JSON.

    A float that JSON cannot express is null. Halves of surrogate pairs, which a kernel may print,
    are escaped: UTF-8 cannot express those.
    """
    try:
        return to_json(data, inf_nan_mode="null")
    except (PydanticSerializationError, UnicodeEncodeError):
        text = json.dumps(data)
        finite = json.loads(text, parse_constant=lambda _: None)
        return json.dumps(finite, separators=(",", ":")).encode()


class JsonResponse(JSONResponse):
    """Starlette's, with that encoder: a fifth of the time."""

    def render(self, content: Any) -> bytes:
        return encoded(content)
