"""A browser without a screen: it follows redirects, keeps cookies, and fills in forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2

MAX_REDIRECTS = 15
FORM = re.compile(r"<form.*?</form>", re.S)
ACTION = re.compile(r'<form[^>]*\baction="([^"]*)"')
HIDDEN = re.compile(r"<input[^>]*>")
NAME = re.compile(r'\bname="([^"]*)"')
VALUE = re.compile(r'\bvalue="([^"]*)"')


@dataclass(kw_only=True)
class Browser:
    """One browser. `url` is what stands in its address bar; `left` the address of a client to which it
    was led, where nobody has to listen."""

    name: str
    password: str = "demo"
    http: httpx2.AsyncClient = field(
        default_factory=lambda: httpx2.AsyncClient(timeout=60, trust_env=False)
    )
    url: str = ""
    page: httpx2.Response | None = None

    async def open(self, url: str, form: dict[str, str] | None = None) -> httpx2.Response | str:
        """The page to which `url` leads; the address itself where a client is to be told."""
        method = "GET" if form is None else "POST"
        host = urlsplit(url).netloc
        for _ in range(MAX_REDIRECTS):
            headers = {"Origin": _origin(self.url)} if method == "POST" else {}
            answer = await self.http.request(method, url, data=form, headers=headers)
            if not answer.is_redirect:
                self.url, self.page = url, answer
                return answer
            url = urljoin(url, answer.headers["location"])
            if urlsplit(url).netloc != host:
                return url
            method, form = "GET", None
        raise AssertionError(f"redirected without end, at last to {url}")

    async def log_in(self, url: str) -> httpx2.Response | str:
        """Open a page for which one has to log in at the Hub."""
        found = await self.open(url)
        if isinstance(found, str) or "/hub/login" not in self.url:
            return found
        fields = {"username": self.name, "password": self.password}
        return await self.submit(found.text, **fields)

    async def submit(self, page: str, **fields: str) -> httpx2.Response | str:
        """Send the first form of a page."""
        form = FORM.search(page)
        assert form is not None, page
        action = ACTION.search(form[0])
        values: dict[str, str] = {}
        for element in HIDDEN.findall(form[0]):
            name, value = NAME.search(element), VALUE.search(element)
            if name and 'type="hidden"' in element:
                values[name[1]] = unescape(value[1]) if value else ""
        target = urljoin(self.url, unescape(action[1])) if action else self.url
        return await self.open(target, form=values | fields)

    async def allow(self, url: str) -> str:
        """Log in for a client, allow it, and return the address at which the client is told."""
        page = await self.log_in(url)
        assert isinstance(page, httpx2.Response), page
        assert page.status_code == 200, page.text
        told = await self.submit(page.text, decision="allow")
        assert isinstance(told, str), told.text
        return told

    async def close(self) -> None:
        await self.http.aclose()


def answer_of(found: httpx2.Response | str) -> dict[str, str]:
    """The parameters of the address of a client."""
    assert isinstance(found, str), found.text
    return {name: values[0] for name, values in parse_qs(urlsplit(found).query).items()}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
