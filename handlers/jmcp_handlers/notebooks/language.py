"""The language of a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def language_of(content: Mapping[str, Any]) -> str:
    """What its metadata say, in small letters; Python where they say nothing."""
    metadata = content.get("metadata")
    for section, key in (("language_info", "name"), ("kernelspec", "language")):
        part = metadata.get(section) if isinstance(metadata, Mapping) else None
        found = part.get(key) if isinstance(part, Mapping) else None
        if isinstance(found, str) and found:
            return found.lower()
    return "python"
