"""REST: each route of the spec is one tool, and what it answers is the tool's result."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from jmcp.core.calls.call import Calls, Outcome
from jmcp.core.calls.tool import Route, Tool
from jmcp.core.errors import ToolError
from jmcp.transport import problems
from jmcp.transport.disconnects import disconnected_response, until_disconnect
from jmcp.transport.json_text import JsonResponse
from jmcp.transport.middleware.credential import ADMITTED
from jmcp.transport.middleware.principal import caller
from jmcp.transport.rest import query, sse
from jmcp.transport.rest.activity_stream import activity_response
from jmcp.transport.rest.conditions import (
    IF_MATCH,
    IF_NONE_MATCH,
    PRECONDITION_FAILED,
    UNCONDITIONAL,
    Condition,
    etag,
    given,
    tags,
)
from jmcp.transport.rest.content import content_response
from jmcp.transport.rest.json_body import json_object
from jmcp.transport.rest.page_links import page_links

WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
SESSION = "session_id"
NOTEBOOK = "notebook_path"
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def _always() -> bool:
    return True


def by_path(routes: tuple[Route, ...]) -> dict[str, dict[str, Route]]:
    """Routes by path and method, fixed segments before placeholders: `/cells/at/...` wins."""
    grouped: defaultdict[str, dict[str, Route]] = defaultdict(dict)
    for route in routes:
        grouped[route.path][route.method] = route
    ordered = sorted(grouped, key=lambda path: ["{" in part for part in path.split("/")])
    return {path: grouped[path] for path in ordered}


class Problem(Protocol):
    """A phrase that says what is wrong with one parameter."""

    def __call__(self, *, name: str) -> str: ...


class RestOperations:
    """Answers the operations of one server. `base` is the URL path in front of all its paths."""

    def __init__(self, dispatcher: Calls, base: str) -> None:
        self._dispatcher = dispatcher
        self._base = base
        self._api = dispatcher.api
        self._policy = dispatcher.api.policy

    async def answer(self, route: Route, request: Request) -> Response:
        """Decode the request into arguments, call the tool, encode its outcome."""
        tool = self._api.tools[route.tool]
        try:
            condition = self._condition(route, request)
            arguments = await self._arguments(route, tool, request)
        except ToolError as error:
            return problems.ProblemResponse(problems.error_body(error))
        if route.events and sse.prefers_events(request):
            admitted = request.scope.get(ADMITTED, _always)
            return await activity_response(self._dispatcher, arguments, caller(), admitted)
        if condition.only_weak:
            return self._weak_tags()
        who = caller()
        if condition.expected is not None:
            who = replace(who, expected=condition.expected)
        if route.stream is not None and sse.prefers_events(request):
            arguments = {**route.stream, **arguments}
            return await sse.stream_call(
                partial(self._dispatcher.call, tool.name, arguments), who, condition.body
            )
        call = self._dispatcher.call(tool.name, arguments, who)
        # These may wait for code, which must not go on waiting or running for a caller who left.
        outcome = await (call if route.stream is None else until_disconnect(request.receive, call))
        if outcome is None:
            return disconnected_response()
        if outcome.error is not None:
            return problems.ProblemResponse(condition.problem(outcome.error))
        if route.content and outcome.content is not None:
            return content_response(outcome.content)
        headers = self._headers(route, request, arguments, outcome)
        if "ETag" in headers and condition.is_met_by(headers["ETag"], outcome):
            return Response(status_code=304, headers=headers)
        return JsonResponse(outcome.result, status_code=route.status, headers=headers)

    def _condition(self, route: Route, request: Request) -> Condition:
        """What the request's conditional headers ask for. Raises invalid_arguments."""
        reads = route.method == "GET"
        name, other = (IF_NONE_MATCH, IF_MATCH) if reads else (IF_MATCH, IF_NONE_MATCH)
        phrases, refused = self._policy.phrases, self._policy.errors.invalid_arguments.misplaced
        text = given(request, name)
        if given(request, other) is not None:
            raise refused(shown=[phrases.no_condition(header=other, method=route.method)])
        if text is None or (reads and not route.conditional):
            return UNCONDITIONAL  # an answer without an ETag is not what the client has
        if not route.conditional:
            raise refused(shown=[phrases.no_condition(header=name, method=route.method)])
        found = tags(text)
        if found is None:
            raise refused(shown=[phrases.not_a_tag(header=name, value=text)])
        if reads:
            return Condition(known=found)
        return Condition(expected=None if found.whatever else found.sources)

    def _weak_tags(self) -> Response:
        """The refusal of an If-Match that names weak tags alone."""
        shown = [self._policy.phrases.weak_tags()]
        error = self._policy.errors.invalid_arguments.misplaced(shown=shown)
        return problems.ProblemResponse(problems.error_body(error, PRECONDITION_FAILED))

    def _headers(
        self, route: Route, request: Request, arguments: dict[str, Any], outcome: Outcome
    ) -> dict[str, str]:
        """What the answer says beside its result."""
        headers = {}
        if route.status == 201 and (location := self._location(route, request, outcome)):
            headers["Location"] = location
        if route.paged:
            path, pairs = request.scope["path"], request.query_params.multi_items()
            if links := page_links(path, pairs, arguments, outcome.result or {}):
                headers["Link"] = links
        if route.conditional and outcome.tag is not None:
            result = outcome.result if route.method == "GET" else None
            headers["ETag"] = etag(outcome.tag, result)
        return headers

    async def _arguments(self, route: Route, tool: Tool, request: Request) -> dict[str, Any]:
        path = query.values(tool, request.path_params.items())
        phrases = self._policy.phrases
        if path.get(SESSION) == self._policy.reserved_handle:
            if route.method == "DELETE":
                raise self._policy.errors.invalid_arguments.nothing_to_delete(
                    session_id=path[SESSION]
                )
            del path[SESSION]
        in_url = query.values(tool, request.query_params.multi_items())
        body = await json_object(request) if route.method in WITH_BODY else {}
        body = tool.params.given(body)
        if route.method in WITH_BODY:
            # A parameter of every session tool, and no property of what the body describes.
            in_query = {NOTEBOOK} if tool.session == "required" else set()
            self._refuse(in_url.keys() - in_query, phrases.belongs_in_body)
            self._refuse(body.keys() & in_query, phrases.belongs_in_query)
        in_path = set(route.path_params)
        self._refuse((in_url.keys() | body.keys()) & in_path, phrases.is_in_path)
        return path | in_url | body

    def _refuse(self, names: set[str], problem: Problem) -> None:
        if names:
            shown = [problem(name=name) for name in sorted(names)]
            raise self._policy.errors.invalid_arguments.misplaced(shown=shown)

    def _location(self, route: Route, request: Request, outcome: Outcome) -> str | None:
        """The URL of what was created: of the nearest GET below it that the result can fill in."""
        known = {**request.path_params, **(outcome.result or {})}
        below = [
            other.path
            for other in self._api.routes
            if other.method == "GET" and other.path.startswith(f"{route.path}/")
        ]
        for path in sorted(below, key=lambda path: path.count("/")):
            if all(known.get(name) is not None for name in PLACEHOLDER.findall(path)):
                filled = PLACEHOLDER.sub(lambda found: quote(str(known[found[1]]), safe=""), path)
                return f"{self._base}{filled}"
        return None
