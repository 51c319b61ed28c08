"""Answers that no healthy Jupyter gives, in the place of one that a real one would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2

from jmcp_jupyter.http_api import JupyterApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """What is answered in Jupyter's place."""

    status: int
    body: str
    content_type: str = "application/json"
    location: str | None = None

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        headers = {"content-type": self.content_type}
        if self.location is not None:
            headers["location"] = self.location
        return httpx2.Response(self.status, text=self.body, headers=headers, request=request)


PAGE = "<!doctype html><title>Sign in</title>"
ANSWERS = {
    "a page": Odd(status=200, body=PAGE, content_type="text/html"),
    "nothing": Odd(status=200, body=""),
    "null": Odd(status=200, body="null"),
    "a list of something": Odd(status=200, body='[7, {"kernel": null}, {"id": 7}]'),
    "an object": Odd(status=200, body='{"kernelspecs": {"x": {}}, "kernel": null}'),
    "created, but what": Odd(status=201, body="{}"),
    "another place": Odd(status=302, body="", location="https://elsewhere.example/"),
    "bad request": Odd(status=400, body='{"message": "no"}'),
    "not found": Odd(status=404, body='{"message": "no"}'),
    "conflict": Odd(status=409, body='{"message": "no"}'),
    "gone": Odd(status=410, body='{"message": "no"}'),
    "an error": Odd(status=500, body='{"message": "no"}'),
    "an error page": Odd(status=500, body=PAGE, content_type="text/html"),
}


class OddApi(JupyterApi):
    """Counts requests, and lets another than Jupyter answer one of them."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, token)
        self.asked: list[str] = []
        self._odd: tuple[int, Odd] | None = None

    def answer(self, number: int, odd: Odd) -> None:
        """To the request with that number from now."""
        self._odd = len(self.asked) + number, odd

    def go_on(self) -> None:
        self._odd = None

    async def send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        number = len(self.asked)
        self.asked.append(f"{method} {path}")
        if self._odd is not None and self._odd[0] == number:
            return self._odd[1].answer(httpx2.Request(method, f"{self.url}{path}"))
        return await super().send(method, path, **options)
