"""Closed lists of words, each a type of its own."""

from __future__ import annotations

from typing import Literal

TodoMark = Literal["todo", "fixme"]
"""The word that marks a note for later."""
NoticeCode = Literal["rows_sampled"]
"""What a notice is about."""
