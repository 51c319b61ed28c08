"""Native libraries that panic while a request is served: an answer of 500, as for other bugs."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from jmcp.core.errors import ENDS_TASK


class NativePanic(Exception):
    """Stands for the BaseException that a native library raised, which is its cause."""


class NativePanicMiddleware:
    """Turns what is neither an Exception nor ends the task into a NativePanic.

    Starlette answers Exceptions only. Anything else would end the connection without an answer,
    and in Jupyter's process pass by the handlers of Tornado.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except (Exception, *ENDS_TASK):
            raise
        except BaseException as error:
            raise NativePanic(str(error)) from error
