"""`/jmcp/docs`: Swagger UI with the OpenAPI document of this server.

The page is one document that needs nothing else, so that one authenticated request brings all of it:
inside Jupyter a browser that came with a token has no cookie for a second one.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).with_name("docs")
STYLES = (FOLDER / "swagger_ui" / "swagger-ui.css", FOLDER / "page.css")
SCRIPTS = (FOLDER / "swagger_ui" / "swagger-ui-bundle.js", FOLDER / "page.js")
MARKUP_IN_SCRIPTS = ("<!--", "<script")
"""What an HTML parser takes for more than text within a script. In strings and regular expressions,
where alone scripts have it, an escape means the same."""
COMPRESSION_LEVEL = 6
"""0.1 s once, for a quarter of the size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page as UTF-8, compressed, and the Content-Security-Policy under which it can run its own
    code and nothing else."""

    compressed: bytes
    policy: str


def page() -> Page:
    """Reads the page's parts and puts them together."""
    styles = [file.read_text(encoding="utf-8") for file in STYLES]
    scripts = [_embeddable(file.read_text(encoding="utf-8")) for file in SCRIPTS]
    html = (FOLDER / "page.html").read_text(encoding="utf-8")
    html = html.replace("</head>", f"{_elements('style', styles)}</head>")
    html = html.replace("</body>", f"{_elements('script', scripts)}</body>")
    policy = (
        f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(styles)}; "
        # Icons of Swagger UI's stylesheet.
        "img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Page(compressed=gzip.compress(html.encode(), COMPRESSION_LEVEL, mtime=0), policy=policy)


def _elements(tag: str, texts: list[str]) -> str:
    return "".join(f"<{tag}>{text}</{tag}>\n" for text in texts)


def _embeddable(script: str) -> str:
    for markup in MARKUP_IN_SCRIPTS:
        script = script.replace(markup, rf"\x3c{markup[1:]}")
    return script


def _hashes(texts: list[str]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


class DocsPage:
    """Answers with the page, which is made when somebody first asks for it."""

    def __init__(self) -> None:
        self._page: Page | None = None

    async def answer(self, request: Request) -> Response:
        if self._page is None:
            self._page = await asyncio.to_thread(page)
        return _response(self._page, compressed=accepts_gzip(request.headers))


def accepts_gzip(headers: Mapping[str, str]) -> bool:
    """Whether the client takes gzip; one that rules it out with q=0 does not."""
    for coding in headers.get("accept-encoding", "").split(","):
        name, _, weight = coding.partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False


def _response(made: Page, *, compressed: bool) -> Response:
    headers = {
        "Content-Security-Policy": made.policy,
        "Content-Type": "text/html; charset=utf-8",
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if compressed:
        return Response(made.compressed, headers=headers | {"Content-Encoding": "gzip"})
    return Response(gzip.decompress(made.compressed), headers=headers)
