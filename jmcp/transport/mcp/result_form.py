"""In which form a client gets results: text, or text and structured content.

Without the SDK, because options are read before it is imported; its part is in `client_name`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Structured = Literal["auto", "always", "never"]
DEFAULT_STRUCTURED: Structured = "auto"
PROXY_MARK = " (via "
"""What proxies such as mcp-remote put behind the name of the client that they stand for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListForm:
    """How a client gets the list of tools: with the schemas of structured content, with tools that
    show views, and these with annotations."""

    structured: bool = True
    views: bool = False
    annotated: bool = True


class ResultForm:
    """Whether a client gets structured content, and so output schemas, beside text and images.

    `auto` goes by the client's name: the models of `text_clients` would get none of the text of
    such a result. A client without a name, or with any other, gets both. Other than the schemas
    and the structured content nothing depends on it; REST has its structure always. `unannotated` are
    the clients that show the view of a tool only where that has no annotations.
    """

    def __init__(
        self, structured: Structured, text_clients: Iterable[str], unannotated: Iterable[str] = ()
    ) -> None:
        self._structured = structured
        self._text_clients = frozenset(name.casefold() for name in text_clients)
        self._unannotated = frozenset(name.casefold() for name in unannotated)

    def is_structured(self, client: str | None) -> bool:
        """For a client of that name; None where it has not given one."""
        if self._structured != "auto" or client is None:
            return self._structured != "never"
        return _plain(client) not in self._text_clients

    def of_list(self, client: str | None, *, views: bool) -> ListForm:
        """The same, of the list of tools, for a client that shows `views` or does not."""
        return ListForm(
            structured=self.is_structured(client),
            views=views,
            annotated=client is None or _plain(client) not in self._unannotated,
        )


def _plain(client: str) -> str:
    return client.partition(PROXY_MARK)[0].casefold()
