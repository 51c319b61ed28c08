"""Conversations: each has a notebook, in one folder."""

from __future__ import annotations

import re
import unicodedata

from jmcp_api.errors import ConversationIdRefused

FOLDER = "conversations"
SUFFIX = ".ipynb"
NAME = re.compile(r"[^\W_](?:[\w .-]*[\w-])?")
"""Letters and digits of any script, and what file systems everywhere take between them."""


def checked_id(conversation_id: str) -> str:
    """The id with one spelling. Raises conversation_id_refused for what is no name of a file."""
    normal = unicodedata.normalize("NFC", conversation_id)
    if ".." in normal or not NAME.fullmatch(normal):
        raise ConversationIdRefused.name(conversation_id=conversation_id)
    return normal


def path_of(conversation_id: str) -> str:
    """The path of the conversation's notebook. Raises conversation_id_refused."""
    return f"{FOLDER}/{checked_id(conversation_id)}{SUFFIX}"


def id_of(path: str) -> str | None:
    """The conversation whose notebook has that path; None where it is no conversation's."""
    name = path.removeprefix(f"{FOLDER}/").removesuffix(SUFFIX)
    try:
        return checked_id(name)
    except ConversationIdRefused:
        return None
