"""Sphinx extension: pages of reference are made from the spec and the table of options while the site is
built, so that they are never of another version than the code.

A page says where: `<!-- reference: NAME -->`, with a name of `PARTS`, and what follows it as arguments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from jmcp.options.table import OPTIONS, Option
from jmcp_codegen.build import build
from jmcp_codegen.emit.surfaces.reference import VIEW_TYPE
from jmcp_codegen.emit.types import limits
from jmcp_codegen.render import PACKAGE
from jmcp_codegen.source.load import load
from jmcp_codegen.source.model import ApiModel, ErrorModel, ExampleModel, ToolModel
from jmcp_codegen.source.schema import TABLE, ref_name

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PLACE = re.compile(r"^<!-- reference: (\w+) ?([^>]*?) -->$", re.MULTILINE)
LEFT = {"detach": "the run goes on", "interrupt": "the run is interrupted"}
BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "length at least",
    "maxLength": "length at most",
    "minItems": "items at least",
    "maxItems": "items at most",
    "pattern": "matching",
}
OTHERWISE = {
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "generated/TOOLS.md": "reference/index.md",
    "docs/decisions/": "decisions/index.md",
}
"""Files of the checkout that the site has under another name. Pages link to the file, which is what
people see who read them in the repository."""
LINK = re.compile(r"\[([^\]\n]+)\]\((?!\w+:)([\w./-]+)((?:#[\w-]+)?)\)")


@cache
def api() -> ApiModel:
    return build(load(ROOT / "spec"), PACKAGE)


# -- the parts -----------------------------------------------------------------------------------


def tools(toolset: str) -> Iterator[str]:
    """Each tool of a toolset, under a heading for each group."""
    for group, about in api().groups.items():
        members = [one for one in api().tools if (one.group, one.toolset) == (group, toolset)]
        if members:
            yield f"## {group.capitalize()}\n\n{about}"
            for member in members:
                yield from _tool(member)


def types() -> Iterator[str]:
    """What results are made of."""
    for name, schema in api().types.items():
        yield f"({_anchor(name)})=\n### {name}"
        yield from _fields(schema)


def session_result() -> Iterator[str]:
    yield from _fields(api().sessions["result"])


def errors() -> Iterator[str]:
    for title, group in (
        ("Of any call", api().session_errors),
        ("Of some tools", api().tool_errors),
    ):
        yield f"## {title}"
        for error in group:
            yield f"({_anchor(error.code)})=\n### `{error.code}`"
            yield f"{error.doc}\n\nHTTP {error.http}; at fault: {error.fault}; retry: {error.retry}."
            raised = [f"`{one.name}`" for one in api().tools if error in one.errors]
            if raised:
                yield f"Tools: {', '.join(raised)}"


def notices() -> Iterator[str]:
    yield _table(
        ("notice", "what it says", "what a client does"),
        ((f"`{one.name}`", f"`{_one_line(one.message)}`", one.do) for one in api().notices),
    )


def sizes() -> Iterator[str]:
    yield "\n".join(f"- {line}" for line in limits.described(api().sessions))


def resources() -> Iterator[str]:
    yield _table(
        ("URI", "type", "what it is"),
        [
            *((f"`{one.uri}`", one.mime_type or "any", one.description) for one in api().resources),
            *((f"`{one.uri}`", VIEW_TYPE, one.description) for one in api().views),
        ],
    )


def prompts() -> Iterator[str]:
    for prompt in api().prompts:
        yield f"### `{prompt.name}`\n\n{prompt.description}"
        yield _table(
            ("argument", "what it is"),
            (
                (f"`{one.name}`{', required' if one.required else ''}", one.description)
                for one in prompt.arguments
            ),
        )


def file(name: str) -> Iterator[str]:
    """A page that stands at the top of the repository."""
    text = _linked((ROOT / name).read_text(), ROOT)
    yield re.sub(r"\]\(docs/", "](/", text)


def options() -> Iterator[str]:
    """Every option with its names."""
    yield _table(("option", "what it does (default)"), (_option(one) for one in OPTIONS))


PARTS: Mapping[str, Callable[..., Iterable[str]]] = {
    part.__name__: part
    for part in (
        *(tools, types, session_result, errors, notices),
        *(sizes, resources, prompts, options, file),
    )
}


# -- one of each ---------------------------------------------------------------------------------


def _tool(tool: ToolModel) -> Iterator[str]:
    yield f"({_anchor(tool.name)})=\n### `{tool.name}`"
    yield tool.description.replace("\n", "\n\n")
    if tool.params.get("properties"):
        yield "**Arguments**"
        yield from _fields(tool.params, of_call=True)
    for names in tool.either:
        yield f"Give {' or '.join(f'`{name}`' for name in names)}; both only where they agree."
    yield "**Result**"
    yield from _fields(api().types.get(tool.result_type, tool.result))
    yield "\n".join(f"- {fact}" for fact in _facts(tool))
    yield "**Examples**"
    examples = "\n\n".join(_example(tool, one) for one in tool.examples)
    yield f"```text\n{examples}\n```"


def _facts(tool: ToolModel) -> Iterator[str]:
    if tool.errors:
        yield f"Errors of its own: {', '.join(_error(one) for one in tool.errors)}"
    marks = [
        name.replace("_", " ")
        for name in ("read_only", "destructive", "idempotent", "open_world")
        if tool.annotations[name]
    ]
    yield f"Scope: {tool.scope}. Hints: {', '.join(marks) or 'none'}."
    if tool.on_disconnect:
        yield f"When the caller leaves: {LEFT[tool.on_disconnect]}"
    for route in tool.routes:
        answer = ", the bytes" if route.content else ", or events" if route.stream else ""
        yield f"REST: `{route.method} {api().rest_prefix}{route.path}`{answer}"
    if tool.handler != tool.name:
        preset = f" with `{_json(tool.presets)}`" if tool.presets else ""
        yield f"The same as `{tool.handler}`{preset}"


def _error(error: ErrorModel) -> str:
    return f"[`{error.code}`](#{_anchor(error.code)})"


def _example(tool: ToolModel, example: ExampleModel) -> str:
    end = example.raises if example.raises else _json(example.returns or {})
    return f"# {example.name}\n{tool.name} {_json(example.call)}\n-> {end}"


def _fields(schema: Mapping[str, Any], *, of_call: bool = False) -> Iterator[str]:
    """A row for each field; what a call needs is marked."""
    required = schema.get("required", ()) if of_call else ()
    properties = schema.get("properties", {})
    if not properties:
        yield "None."
        return
    yield _table(
        ("name", "type", "what it is"),
        (
            (
                f"`{name}`{', required' if name in required else ''}",
                _kind(inner),
                inner.get("description", ""),
            )
            for name, inner in properties.items()
        ),
    )


def _kind(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(inner) for inner in schema["anyOf"])
    name = ref_name(schema)
    if name is not None:
        return f"[{name}](#{_anchor(name)})"
    if "enum" in schema:
        kind = " or ".join(f"`{_json(value)}`" for value in schema["enum"])
    else:
        kinds = schema.get("type", "any")
        kind = kinds if isinstance(kinds, str) else " or ".join(kinds)
        if "items" in schema:
            form = "table" if schema.get(TABLE) else "array"
            kind = kind.replace("array", f"{form} of {_kind(schema['items'])}")
    bounds = [f"{BOUNDS[key]} `{schema[key]}`" for key in BOUNDS if key in schema]
    if "default" in schema:
        bounds.append(f"default `{_json(schema['default'])}`")
    return ", ".join([kind, *bounds])


def _option(option: Option) -> tuple[str, str]:
    names = (
        [f"`{option.variable}`"] if option.secret else [f"`{option.flag}`", f"`{option.variable}`"]
    )
    about = option.described
    if option.secret:
        about += ". Never an argument, because it may hold a password"
    if option.trait:
        about += f". The trait is called `{option.trait}`"
    return "<br>".join(names), about


# -- form ----------------------------------------------------------------------------------------


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _anchor(name: str) -> str:
    return name.replace("_", "-").lower()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


# -- Sphinx --------------------------------------------------------------------------------------


def _fill(app: Sphinx, page: str, content: list[str]) -> None:
    """Put the parts where a page names them, and let links lead to what the site has."""
    text = PLACE.sub(lambda place: "\n\n".join(PARTS[place[1]](*place[2].split())), content[0])
    content[0] = _linked(text, Path(app.env.doc2path(page)).parent)


def _linked(text: str, folder: Path) -> str:
    """Links to files of the checkout lead to their pages; those to files of code become their names."""

    def leads(match: re.Match[str]) -> str:
        target = (folder / match[2]).resolve()
        if not target.is_relative_to(ROOT):
            return match[0]
        name = str(target.relative_to(ROOT)) + ("/" if match[2].endswith("/") else "")
        page = OTHERWISE.get(name)
        if page is None and target.is_relative_to(DOCS):
            return match[0]
        return f"`{match[1].strip('`')}`" if page is None else f"[{match[1]}](/{page}{match[3]})"

    return LINK.sub(leads, text)


def _changed(app: Sphinx, *_others: Any) -> list[str]:
    """Pages that are made again with each build: those with a part in them, whatever made it."""
    pages = {name: Path(app.env.doc2path(name)) for name in app.env.found_docs}
    return [name for name, path in pages.items() if PLACE.search(path.read_text())]


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", _fill)
    app.connect("env-get-outdated", _changed)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
