"""Requests of Jupyter's clients to its contents API that load, save or rename whole files, for who
has to know of them.

Pages that take part in live documents load and save no notebook this way; what jmcp does inside of
Jupyter is no request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from jupyter_server.services.contents.handlers import ContentsHandler

from jmcp.core.pages.clients import client_name

OBSERVERS = "jmcp_contents_observers"
"""The key of the observers in the settings of a Jupyter Server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who sends requests: a person's browser, or a program. `name` as of `client_name`."""

    name: str
    browser: bool


class ContentsObserver(Protocol):
    """Is told of requests that succeeded. Paths are without slashes around them."""

    async def on_loaded(self, client: Client, path: str, content: Any) -> None:
        """The client has that notebook's whole content."""

    def saving(
        self, client: Client, path: str, model: Mapping[str, Any]
    ) -> AbstractAsyncContextManager[None]:
        """The client's save of a file that exists, around its being made."""

    def on_renamed(self, old: str, new: str) -> None: ...


def observe(web_app: Any, observer: ContentsObserver) -> None:
    """Have that observer told from now on."""
    observers = web_app.settings.setdefault(OBSERVERS, [])
    observers.append(observer)
    for rule in _rules(web_app.default_router):
        target = rule.target
        if not isinstance(target, type) or issubclass(target, ObservedRequests):
            continue
        if issubclass(target, ContentsHandler):
            rule.target = rule.handler_class = _observed(target)


def ignore(web_app: Any, observer: ContentsObserver) -> None:
    """Have that observer told no more."""
    observers = web_app.settings.get(OBSERVERS, [])
    if observer in observers:
        observers.remove(observer)


def client_of(handler: Any) -> Client:
    """Who has sent the request that this handler of Tornado's answers."""
    request, program = handler.request, handler.request.headers.get("User-Agent", "")
    user = getattr(handler.current_user, "username", "")
    if handler.token_authenticated and "Cookie" not in request.headers:
        user = ""  # for each request Jupyter has invented another one
    name = client_name(user, program, request.remote_ip)
    return Client(name=name, browser=program.startswith("Mozilla/"))


class ObservedRequests:
    """What is put before a class of handlers of the contents API."""

    _sent: Any = None

    async def get(self, path: str = "") -> None:
        await super().get(path)  # type: ignore[misc] # of the handler behind this
        sent, self._sent = self._sent, None
        if sent is not None:
            for observer in self._observers():
                await observer.on_loaded(client_of(self), path.strip("/"), sent)

    async def patch(self, path: str = "") -> None:
        await super().patch(path)  # type: ignore[misc]
        now = (self.get_json_body() or {}).get("path")  # type: ignore[attr-defined]
        if isinstance(now, str):
            for observer in self._observers():
                observer.on_renamed(path.strip("/"), now.strip("/"))

    async def _save(self, model: Any, path: str) -> None:
        async with AsyncExitStack() as stack:
            for observer in self._observers():
                saving = observer.saving(client_of(self), path.strip("/"), model)
                await stack.enter_async_context(saving)
            await super()._save(model, path)  # type: ignore[misc]

    def _finish_model(self, model: Any, location: bool = True) -> None:
        if model.get("type") == "notebook" and self.request.method == "GET":  # type: ignore[attr-defined]
            self._sent = model.get("content")
        super()._finish_model(model, location)  # type: ignore[misc]

    def _observers(self) -> tuple[ContentsObserver, ...]:
        return tuple(self.settings.get(OBSERVERS, ()))  # type: ignore[attr-defined]


def _observed(target: type) -> type:
    # By the name of the class behind it, which Jupyter's metrics have as a label.
    named = {"__module__": target.__module__, "__qualname__": target.__qualname__}
    return type(target.__name__, (ObservedRequests, target), named)


def _rules(router: Any) -> Iterator[Any]:
    """All rules below a router of Tornado's that lead to handlers."""
    for rule in router.rules:
        if hasattr(rule.target, "rules"):
            yield from _rules(rule.target)
        else:
            yield rule
