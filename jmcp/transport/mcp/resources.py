"""`resources/list`, `resources/templates/list`, `resources/read` and `completion/complete`.

Each is a tool call of its own, so that permissions, limits and records are those of all calls; but
the pages of views are files, which are the same for all.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from jmcp.core.calls.call import Caller, Calls
from jmcp.core.calls.prompts import Completes
from jmcp.core.calls.resources import Content, ResourceTemplate
from jmcp.transport.json_text import expressible
from jmcp.transport.mcp.protocol_errors import refusal
from jmcp.transport.mcp.views import Views, views_of

Context = ServerRequestContext[Any, Any]
RESOURCE_NOT_FOUND = -32002
"""Of the handshake era; later revisions have INVALID_PARAMS for that."""
CURSOR_DIGITS = 9
COMPLETION_PARAMS = {"notebook_path": "notebook", "cell_id": "cell", "output": "output"}
"""Params of `complete_value`, and what the arguments are that they are taken from."""


class Resources:
    """The resources of a server, for the caller that `who` makes of a request."""

    def __init__(self, dispatcher: Calls, who: Callable[[Context], Caller], views: Views) -> None:
        self._dispatcher = dispatcher
        self._views = views
        self._templates = {template.uri: template for template in dispatcher.api.resources}
        self._by_name = {template.name: template for template in dispatcher.api.resources}
        self._who = who

    async def list(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """The notebooks of the server's folder, a page at a time. Before the first, for clients that
        show them, the views."""
        cursor = params.cursor if params is not None else None
        if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) <= CURSOR_DIGITS):
            raise MCPError(code=types.INVALID_PARAMS, message=self._phrases.cursor_unknown())
        arguments = {"scope": "workspace", "start_index": int(cursor or 0), "limit": 0}
        outcome = await self._dispatcher.call("list_notebooks", arguments, self._who(context))
        if outcome.error is not None:
            raise refusal(outcome.error)
        result = outcome.result or {}
        template = self._by_name["notebook"]
        more = result.get("more") or {}
        views = self._views.listed() if not cursor and views_of(context) else []
        return types.ListResourcesResult(
            resources=[*views, *(_entry(template, row) for row in result["notebooks"])],
            next_cursor=str(more["start_index"]) if more else None,
        )

    async def templates(self, _: Context, __: Any) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(
            resource_templates=[
                types.ResourceTemplate(
                    name=one.name,
                    uri_template=one.uri,
                    title=one.title,
                    description=one.description,
                    mime_type=one.mime_type,
                )
                for one in self._templates.values()
            ]
        )

    async def read(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        uri = str(params.uri)
        if uri in self._views:
            return self._views.read(uri)
        outcome = await self._dispatcher.call("read_resource", {"uri": uri}, self._who(context))
        if outcome.error is not None:
            handshake = context.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS
            code = RESOURCE_NOT_FOUND if handshake else types.INVALID_PARAMS
            raise refusal(outcome.error, uri=uri, not_found=code)
        assert outcome.content is not None
        return types.ReadResourceResult(contents=[_contents(outcome.content)])

    async def complete(
        self, context: Context, params: types.CompleteRequestParams
    ) -> types.CompleteResult:
        """The values that an argument of a prompt, or a part of a URI, could have. None where nobody
        knows any."""
        kinds = self._kinds(params.ref)
        kind = kinds.get(params.argument.name)
        if kind is None:
            return types.CompleteResult(completion=types.Completion(values=[]))
        known = (params.context and params.context.arguments) or {}
        arguments: dict[str, Any] = {"kind": kind, "value": params.argument.value}
        for param, of_kind in COMPLETION_PARAMS.items():
            given = [
                known[name] for name, one in kinds.items() if one == of_kind and known.get(name)
            ]
            if given:
                arguments[param] = given[0]
        if "output" in arguments:
            arguments["output"] = _number(arguments["output"])
        outcome = await self._dispatcher.call("complete_value", arguments, self._who(context))
        if outcome.error is not None:
            if outcome.error.http == HTTPStatus.NOT_FOUND:
                return types.CompleteResult(completion=types.Completion(values=[]))
            raise refusal(outcome.error)
        result = outcome.result or {}
        values, total = result["values"], result["total"]
        completion = types.Completion(values=values, total=total, has_more=total > len(values))
        return types.CompleteResult(completion=completion)

    def _kinds(
        self, ref: types.ResourceTemplateReference | types.PromptReference
    ) -> dict[str, Completes | None]:
        """What each argument is. Raises MCPError for what there is not."""
        if isinstance(ref, types.ResourceTemplateReference):
            template = self._templates.get(ref.uri)
            if template is not None:
                return dict(template.parts)
            text = self._phrases.template_unknown(uri=ref.uri[:500], known=list(self._templates))
            raise MCPError(code=types.INVALID_PARAMS, message=text)
        prompts = self._dispatcher.api.prompts
        if (prompt := prompts.get(ref.name)) is None:
            text = self._phrases.prompt_unknown(name=ref.name[:100], known=list(prompts))
            raise MCPError(code=types.INVALID_PARAMS, message=text)
        return {one.name: one.completes for one in prompt.arguments}

    @property
    def _phrases(self) -> Any:
        return self._dispatcher.api.policy.phrases


def _entry(template: ResourceTemplate, row: dict[str, Any]) -> types.Resource:
    path, modified = row["notebook_path"], row.get("last_modified")
    return types.Resource(
        uri=template.uri_of(path=path),
        name=path,
        mime_type=template.mime_type,
        annotations=types.Annotations(last_modified=modified) if modified else None,
    )


def _contents(content: Content) -> types.TextResourceContents | types.BlobResourceContents:
    uri, data = expressible(content.uri), content.data
    mime_type = expressible(content.mime_type)
    if isinstance(data, str):
        return types.TextResourceContents(uri=uri, mime_type=mime_type, text=expressible(data))
    blob = b64encode(data).decode()
    return types.BlobResourceContents(uri=uri, mime_type=mime_type, blob=blob)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= CURSOR_DIGITS else None
