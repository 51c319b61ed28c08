"""`tools/list` answered without the SDK's work of validating and dumping it each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from jmcp.core.calls.principal import Scope
from jmcp.transport.mcp.result_form import ListForm

Context = ServerRequestContext[Any, Any]


class CachedToolList:
    """Answers `tools/list` with what the SDK made of it the first time.

    The SDK validates and dumps the list for each request, which costs more than all the rest of
    the request. The list never changes, so one answer is kept for each protocol revision, each set
    of `scopes`, which are the caller's, and each form that `form` says for a request.
    """

    def __init__(
        self, scopes: Callable[[], frozenset[Scope]], form: Callable[[Context], ListForm]
    ) -> None:
        self._scopes = scopes
        self._form = form
        self._answers: dict[tuple[str, frozenset[Scope], ListForm], HandlerResult] = {}

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        plain = not (ctx.params or {}).keys() - {"_meta"}
        # In the handshake era, without params of `initialize`, the SDK has yet to decide whether
        # to answer at all; later revisions have no handshake, and naming the client is optional.
        handshake = ctx.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS
        unsettled = handshake and ctx.session.client_params is None
        if ctx.method != "tools/list" or not plain or unsettled:
            return await call_next(ctx)
        key = ctx.protocol_version, self._scopes(), self._form(ctx)
        known = self._answers.get(key)
        if known is None:
            known = self._answers[key] = await call_next(ctx)
        return known
