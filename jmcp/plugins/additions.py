"""jmcp's own API and handlers with the toolsets of other packages added to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass, replace
from types import SimpleNamespace
from typing import Any

from jmcp.core.calls.tool import AddedToolset, Api, Tool
from jmcp.plugins.loading import Loaded, LoadedToolset

LISTING_FILE, OPENAPI_FILE = "tools.json", "openapi.json"
"""As codegen names them in the package of a toolset."""

Handler = Callable[..., Awaitable[Any]]


class HandlerError(RuntimeError):
    """A handler of another package broke its contract."""


def extended(api: Api, loaded: Loaded) -> Api:
    """The API with these toolsets."""
    if not loaded.toolsets and not loaded.faults:
        return api
    tools, texts, notices = dict(api.tools), dict(api.texts), dict(api.policy.notices)
    routes, added = list(api.routes), []
    for one in loaded.toolsets:
        toolset = one.toolset
        for name, tool in one.tools.items():
            text = f"{toolset.name}.{tool.result.__name__}"
            own = toolset.texts.get(tool.result.__name__)
            # A result that is a type of jmcp's own has its text too.
            texts[text] = api.texts[tool.result.__name__] if own is None else own
            tools[name] = replace(tool, text=text)
        notices |= toolset.notices
        routes += [route for route in toolset.routes if route.tool in one.tools]
        added.append(
            AddedToolset(
                name=toolset.name,
                doc=toolset.doc,
                package=one.package,
                listing_file=str(toolset.folder / LISTING_FILE),
                openapi_file=str(toolset.folder / OPENAPI_FILE),
            )
        )
    return replace(
        api,
        tools=tools,
        texts=texts,
        routes=tuple(routes),
        policy=replace(api.policy, notices=notices),
        added=tuple(added),
        left_out=loaded.left_out,
    )


def handlers_with(handlers: Any, loaded: Loaded) -> Any:
    """The handlers with those of the toolsets, by the names of their tools."""
    if not loaded.toolsets:
        return handlers
    assert is_dataclass(handlers)
    every = {one.name: getattr(handlers, one.name) for one in fields(handlers)}
    for one in loaded.toolsets:
        every |= _contained(one)
    return SimpleNamespace(**every)


def _contained(one: LoadedToolset) -> dict[str, Handler]:
    handlers = one.toolset.handlers
    return {
        tool.name: _checked(getattr(handlers, tool.name), tool)
        for tool in one.tools.values()
        if tool.handler == tool.name
    }


def _checked(handler: Handler, tool: Tool) -> Handler:
    """The handler, whose faults stay those of its call."""

    async def checked(params: Any, session: Any) -> Any:
        try:
            result = await handler(params, session)
        except SystemExit as error:  # of a library that was made for a command line
            raise HandlerError(f"the handler of {tool.name} ends the process") from error
        if not isinstance(result, tool.result):
            returned = type(result).__name__
            raise HandlerError(f"{tool.name} returned {returned} instead of {tool.result.__name__}")
        return result

    return checked
