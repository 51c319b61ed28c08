"""Which page a ticket leads to: a path of this server and nothing else."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlsplit

WORKBENCH = "/jmcp/workbench"
LAB = "/lab"
ENTER = "/jmcp/enter"
MAX_CHARACTERS = 4_000
UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
"""What browsers drop from a URL or read as a slash, so that a path may become another host."""

PATH_KEPT = "/:@!$&'()*+,;=~%?-._"
NO_PATH = "next is not a path of this server below its base_url, as in /jmcp/workbench or /lab/tree/a.ipynb"


def page_path(text: str) -> str:
    """The path of a page below base_url, as it stands in a URL. Raises ValueError."""
    if not text.startswith("/") or text.startswith("//") or len(text) > MAX_CHARACTERS:
        raise ValueError(NO_PATH)
    if UNSAFE.search(text) or "#" in text:
        raise ValueError(NO_PATH)
    parts = urlsplit(text)
    segments = unquote(parts.path).replace("\\", "/").split("/")
    # Twice: a proxy may decode once more than Jupyter does.
    segments += unquote(unquote(parts.path)).split("/")
    if parts.scheme or parts.netloc or {".", ".."} & {*segments}:
        raise ValueError(NO_PATH)
    return quote(text, safe=PATH_KEPT)
