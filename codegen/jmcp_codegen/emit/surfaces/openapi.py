"""`openapi.json`: the REST surface as OpenAPI 3.1."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.emit.surfaces.components import Components, problem_schema
from jmcp_codegen.source.model import ApiModel, ErrorModel, ExampleModel, RouteModel, ToolModel
from jmcp_codegen.source.routes import BODY_METHODS
from jmcp_codegen.source.schema import Schema, as_sent, closed, left_out, plain

Object = dict[str, Any]
_EVENTS = (
    "With `Accept: text/event-stream`: events while it runs, each with JSON data, and comments to "
    "keep the connection. `progress` has done, total and message. `output` has an nbformat output "
    "with its index among the outputs; append true: its text goes after what that output has. "
    "`clear` drops all outputs. The last event is `result`, as the JSON answer, or `problem`."
)
_CHANGES = (
    "With `Accept: text/event-stream`: the same as it changes, until the client leaves; each event has "
    "JSON data, and comments keep the connection. The first is `activity`, the JSON answer. "
    "`sessions`, `runs` and `under_way` (calls) replace what was told of these before. `call` is one "
    "that is over: a row of calls; with contents, those of the caller's own also have arguments, "
    "result and error, cut to `{cut, characters}` where they are long. `lost` has count: of so many "
    "calls a slow reader was not told. `navigate_to_url`: the session has another current notebook, "
    "or has it at another path; `reload_iframe`: a tool shows the one that is current already. Both "
    "have session, session_id (of the caller's own), notebook_path, action, and the url of a page of "
    "JupyterLab that shows it alone. `end`: the server stops. `problem`: it cannot go on."
)
_BYTES = (
    "The bytes themselves, under their own type, never as a page of this server: browsers are told "
    "to keep all but plain images and text as a file, and to run nothing of it."
)
_IF_MATCH = (
    "Do this only if the cell, or each of the cells, still has one of these ETags, whatever this "
    "session has read and force says; else 412, with what it holds now. `*` changes nothing."
)
_IF_NONE_MATCH = "Answer with 304 if the cell still has one of these ETags."
_STRONG = '"[!#-~]*"'
_TAG = f"(W/)?{_STRONG}"


def _tags(tag: str) -> str:
    """The pattern of a header that has a list of tags, or an asterisk."""
    return rf"^(\*|{tag}( ?, ?{tag})*)$"


_LEFT = {
    "detach": "A client that closes the request leaves the run to go on; get_execution finds it.",
    "interrupt": "A client that closes the request interrupts the run.",
}
"""What becomes of runs, by `on_disconnect` of the spec."""
_LINKED = ("cell_id", "execution_id")
"""Fields of results that are the last part of a path."""
_TRANSPORT_ERRORS = {401: "unauthorized", 413: "body_too_large"}
"""What the transport itself answers, before any tool: no or wrong token, body above the limit."""


def emit(api: ApiModel, _: Printer) -> str:
    components = Components(api)
    paths: dict[str, Object] = {}
    for tool, route in api.routes:
        operations = paths.setdefault(api.rest_prefix + route.path, {})
        operations[route.method.lower()] = _operation(tool, route, api, components)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "jmcp", "version": api.rest_version, "description": api.instructions},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": [{"name": name, "description": doc} for name, doc in api.groups.items()],
        "paths": paths,
        "components": {
            "schemas": {**components.schemas(), "Problem": problem_schema()},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`Authorization: token <token>`, as Jupyter Server has it, means "
                    "the same.",
                },
            },
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _operation(tool: ToolModel, route: RouteModel, api: ApiModel, components: Components) -> Object:
    operation: Object = {
        "operationId": route.operation,
        "tags": [tool.group],
        "summary": tool.summary,
        "description": _BYTES if route.content else _described(tool),
    }
    parameters = [
        *(_parameter(tool, name, "path", components) for name in route.at("path")),
        *(_parameter(tool, name, "query", components) for name in route.at("query")),
    ]
    if route.conditional:
        parameters.append(_condition(route))
    if parameters:
        operation["parameters"] = parameters
    if route.method in BODY_METHODS:
        operation["requestBody"] = _body(tool, route, components)
    media: Object = {"schema": components.result(tool)}
    if not route.content and (answers := _answers(tool, route, route.status)):
        media["examples"] = answers
    content: Object = {"application/json": media}
    if route.content:
        binary = {"schema": {"type": "string", "format": "binary"}}
        # Generators of clients know no `*/*`.
        content = {"*/*": binary, "application/octet-stream": binary}
    if route.stream is not None:
        content["text/event-stream"] = {"schema": _events(route.stream)}
    if route.events:
        content["text/event-stream"] = {"schema": {"type": "string", "description": _CHANGES}}
    success: Object = {"description": tool.summary, "content": content}
    headers = _headers(route)
    if headers:
        success["headers"] = headers
    links = _links(tool, route, api)
    if links:
        success["links"] = links
    unchanged: Object = {}
    if route.conditional and route.method == "GET":
        unchanged = {"304": {"description": "The client has this answer.", "headers": headers}}
    operation["responses"] = {
        str(route.status): success,
        **unchanged,
        **_failures(tool, route, api),
    }
    return operation


def _condition(route: RouteModel) -> Object:
    """The header that makes a request conditional."""
    reads = route.method == "GET"
    return {
        "name": "If-None-Match" if reads else "If-Match",
        "in": "header",
        "required": False,
        "description": _IF_NONE_MATCH if reads else _IF_MATCH,
        # If-Match compares strongly (RFC 9110, 13.1.1): a weak tag never matches.
        "schema": {"type": "string", "pattern": _tags(_TAG if reads else _STRONG)},
    }


def _headers(route: RouteModel) -> Object:
    """Those of a success that a client may rely on."""
    headers: Object = {}
    if route.status == 201:
        headers["Location"] = _header("Of what was made, where it can be read by itself.")
    if route.conditional and route.method != "DELETE" and route.stream is None:
        headers["ETag"] = _header("Of the cell as it is now, for If-Match.")
    if route.paged:
        headers["Link"] = _header("The next page, and from a later one first and prev (RFC 8288).")
    return headers


def _header(description: str) -> Object:
    return {"description": description, "schema": {"type": "string"}}


def _described(tool: ToolModel) -> str:
    """What the tool does, and what becomes of it when the client closes the request."""
    left = _LEFT.get(tool.on_disconnect or "")
    return tool.description if left is None else f"{tool.description}\n{left}"


def _events(defaults: Mapping[str, Any]) -> Schema:
    taken = "".join(f" {name} is then {value} by default." for name, value in defaults.items())
    return {"type": "string", "description": _EVENTS + taken}


def _parameter(tool: ToolModel, name: str, place: str, components: Components) -> Object:
    required = place == "path" or name in tool.params.get("required", ())
    given = tool.params["properties"][name]
    given = given if required else left_out(given, null=False)
    schema = components.rooted(closed(plain(given)))
    parameter: Object = {"name": name, "in": place, "required": required}
    description = schema.pop("description", None)
    if description is not None:
        parameter["description"] = description
    if schema.get("type") == "array":
        parameter |= {"style": "form", "explode": True}
    examples = {
        _example_key(example): {"summary": example.name, "value": example.call[name]}
        for example in tool.examples
        if example.returns is not None and _plain_value(example.call.get(name))
    }
    return {**parameter, "schema": schema, **({"examples": examples} if examples else {})}


def _plain_value(value: object) -> bool:
    """Whether an example gives that value itself, and not what a fixture made."""
    return value is not None and not str(value).startswith("{")


def _answers(tool: ToolModel, route: RouteModel, status: int) -> Object:
    """What is recorded of examples that are answered so: of those that this route can have, or where
    none is, of all. By its id or by its index, a cell is answered alike."""
    recorded = [
        (example, example.answer["body"])
        for example in tool.examples
        if example.answer is not None
        and example.answer["status"] == status
        and example.raises != "invalid_arguments"
    ]
    fitting = [pair for pair in recorded if _fits(pair[0], route, route.at("body"))]
    return {
        _example_key(example): {"summary": example.name, "value": body}
        for example, body in fitting or recorded
    }


def _body(tool: ToolModel, route: RouteModel, components: Components) -> Object:
    names = route.at("body")
    required = [name for name in tool.params.get("required", ()) if name in names]
    properties = {name: tool.params["properties"][name] for name in names}
    schema: Schema = {"type": "object", "properties": properties, "required": required}
    schema = components.rooted(closed(plain(as_sent(schema))))
    if not required:
        del schema["required"]
    groups = [group for group in route.groups if set(group) <= set(names)]
    schema |= _none_given([{name: properties[name] for name in group} for group in groups])
    media: Object = {"schema": schema}
    examples = {
        _example_key(example): {
            "summary": example.name,
            "value": {name: value for name, value in example.call.items() if name in names},
        }
        for example in tool.examples
        if _fits(example, route, names)
    }
    if examples:
        media["examples"] = examples
    # An optional body must stay optional, or sending none would count as a mistake.
    needed = bool(required or groups)
    return {"required": needed, "content": {"application/json": media}}


def _none_given(groups: Sequence[Mapping[str, Schema]]) -> Schema:
    """What no body may be: one that gives nothing of a group. `not` leaves a body a plain object to
    generators of clients, for which alternatives beside properties make it anything."""
    refused: list[Schema] = [
        {"properties": {name: {"enum": _left_out(schema)} for name, schema in group.items()}}
        for group in groups
    ]
    if not refused:
        return {}
    return {"not": refused[0] if len(refused) == 1 else {"anyOf": refused}}


def _left_out(schema: Schema) -> list[str | None]:
    """The values that are like none."""
    return [None, ""] if schema.get("minLength") else [None]


def _fits(example: ExampleModel, route: RouteModel, names: tuple[str, ...]) -> bool:
    """Whether a call can be made on this route with a body that its schema accepts."""
    by_path = set(route.at("path"))
    placed = {*by_path, *names, *route.at("query")}
    one_each = all(set(group) & example.call.keys() for group in route.groups)
    return example.raises != "invalid_arguments" and example.call.keys() <= placed and one_each


def _example_key(example: ExampleModel) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in example.name)


def _links(tool: ToolModel, route: RouteModel, api: ApiModel) -> Object:
    """From opening a session to every operation on it, its end included; from a cell or a run to what
    can be done with it; from a page of a list to the next."""
    handle = api.sessions["handle"]["param"]
    if tool.use == "opens":
        return {
            other.operation: _link(other, {handle: f"$response.body#/{handle}"})
            for _, other in api.routes
            if handle in other.at("path")
        }
    same = {name: f"$request.path.{name}" for name in route.at("path")}
    links: Object = {}
    if handle in same and not route.content:
        for name in _LINKED:
            if name in tool.result["properties"] and name not in same:
                known = {handle: same[handle], name: f"$response.body#/{name}"}
                links |= {
                    other.operation: _link(other, known)
                    for _, other in api.routes
                    if set(other.at("path")) == known.keys()
                }
    if route.paged:
        links["next"] = _link(route, same | {"start_index": "$response.body#/more/start_index"})
    return links


def _link(route: RouteModel, parameters: Mapping[str, str]) -> Object:
    return {"operationId": route.operation, "parameters": dict(parameters)}


def _failures(tool: ToolModel, route: RouteModel, api: ApiModel) -> Object:
    """One response for each status that an error of the tool, a session or the wire has."""
    codes: dict[int, list[str]] = {}
    errors: Iterable[ErrorModel] = (*api.session_errors, *tool.errors)
    for error in errors:
        codes.setdefault(error.http, []).append(error.code)
    wire: Mapping[int, str] = {
        status: code
        for status, code in _TRANSPORT_ERRORS.items()
        if status != 413 or route.method in BODY_METHODS
    }
    for status, code in wire.items():
        codes.setdefault(status, []).append(code)
    if route.conditional and route.method != "GET":
        codes[412] = ["cell_changed"]
    return {
        str(status): {
            "description": ", ".join(codes[status]),
            "content": {"application/problem+json": _problem(tool, route, status)},
        }
        for status in sorted(codes)
    }


def _problem(tool: ToolModel, route: RouteModel, status: int) -> Object:
    media: Object = {"schema": {"$ref": "#/components/schemas/Problem"}}
    if examples := _answers(tool, route, status):
        media["examples"] = examples
    return media
