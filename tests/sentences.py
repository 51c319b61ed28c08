"""What callers are told, as they read it."""

from __future__ import annotations

from collections.abc import Iterable

from jmcp.core.notices import Notice
from jmcp_api.notices import SENTENCES


def said(notices: Iterable[Notice]) -> list[str]:
    """The sentences of notices."""
    return [SENTENCES[notice.code](**notice.values) for notice in notices]
