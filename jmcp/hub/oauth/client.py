"""A client of the gateway: a program that asks to act for users."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from jmcp.hub.grants.records import Record

AuthMethod = Literal["none", "client_secret_post", "client_secret_basic"]
AUTH_METHODS: tuple[AuthMethod, ...] = ("none", "client_secret_basic", "client_secret_post")
NAME_CHARACTERS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client. `name` is what it says of itself. `secret_digest` is empty for a public client.

    `id` is the URL of its own document where it has one, else one that the gateway gave it.
    """

    id: str
    name: str
    redirect_uris: tuple[str, ...]
    auth_method: AuthMethod = "none"
    secret_digest: str = ""

    @property
    def document_host(self) -> str:
        """The host of its own document, which shows whose client it is; empty where it has none."""
        return urlsplit(self.id).netloc if is_document(self.id) else ""

    def record(self, expires: float) -> Record:
        data = json.dumps(asdict(self), separators=(",", ":"))
        return Record(kind="client", key=self.id, data=data, expires=expires)


def decode_client(record: Record) -> Client:
    """The client of a record."""
    values = json.loads(record.data)
    return Client(**(values | {"redirect_uris": tuple(values["redirect_uris"])}))


def is_document(client_id: str) -> bool:
    """Whether a client id is the URL of a client's own document."""
    return client_id.startswith("https://")


def shown_name(value: Any, fallback: str) -> str:
    """A name as people can read it: one line, no invisible or turning characters, not too long."""
    text = value if isinstance(value, str) else ""
    visible = (one for one in text if unicodedata.category(one)[0] != "C" or one.isspace())
    name = " ".join("".join(visible).split())
    return name[:NAME_CHARACTERS] or fallback
