"""What the conformance suite calls by name: compiled from `spec/`, with the handlers of it.

jmcp's own API is exchanged for this one; everything that carries calls stays as it is.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import shutil
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from jmcp.core.calls.call import Image
from jmcp.core.calls.confirmation import listed, marks
from jmcp.core.calls.resources import Content, found
from jmcp.core.calls.tool import Api
from jmcp.core.runs.record.progress import Progress
from jmcp.core.sessions.records import HeldNotebook
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace
from jmcp_codegen.cli import main as generate

SPEC = Path(__file__).parent / "spec"
JMCP_SPEC = Path(__file__).parents[3] / "spec"
PACKAGE = "conformance_api"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
"""A red pixel, as base64 of a PNG."""
STATIC = ("static-text", "static-binary", "watched-resource")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
STEP_SECONDS = 0.02
"""Between reports of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    api: Api
    handlers: SimpleNamespace


@contextmanager
def compiled(folder: Path) -> Iterator[Fixture]:
    """The fixture, generated below that folder; its modules are forgotten again."""
    spec, out = folder / "spec", folder / "generated"
    shutil.copytree(SPEC, spec)
    (spec / "sessions.yaml").write_text(yaml.safe_dump(_sessions(), sort_keys=False))
    arguments = ["--spec", str(spec), "--out", str(out), "--package", PACKAGE]
    assert generate(arguments) == 0
    sys.path.insert(0, str(out))
    try:
        yield Fixture(api=_api(out / PACKAGE), handlers=_handlers(_module("models")))
    finally:
        sys.path.remove(str(out))
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


def _sessions() -> dict[str, Any]:
    """jmcp's own, where failures of Jupyter become the one error that this spec has for them."""
    sessions: dict[str, Any] = yaml.safe_load((JMCP_SPEC / "sessions.yaml").read_text())
    for failure in sessions["backend_errors"].values():
        if failure["becomes"] not in sessions["errors"]:
            failure["becomes"] = "resource_not_found"
    return sessions


def _module(name: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.{name}")


def _api(package: Path) -> Api:
    mcp, http = _module("mcp"), _module("http")
    return Api(
        tools=_module("registry").TOOLS,
        prompts=_module("prompts").PROMPTS,
        resources=_module("resources").RESOURCES,
        views=(),
        policy=_module("sessions").POLICY,
        routes=http.ROUTES,
        texts=_module("texts").TEXTS,
        instructions=mcp.INSTRUCTIONS,
        title=mcp.TITLE,
        website=mcp.WEBSITE,
        icon=mcp.ICON,
        text_clients=mcp.TEXT_CLIENTS,
        unannotated_clients=frozenset(),
        confirmation=_module("errors").ConfirmationRequired,
        listing_file=str(package / mcp.LISTING_FILE),
        openapi_file=str(package / http.OPENAPI_FILE),
    )


def _handlers(models: Any) -> SimpleNamespace:
    errors, resources = _module("errors"), _module("resources").RESOURCES
    phrases = _module("sessions").POLICY.phrases

    async def open_session(_: Any, session: Session) -> Any:
        ref = await session.workspace.create("conformance.ipynb", None)
        session.hold(HeldNotebook(ref=ref, name="conformance"))
        return models.Said(text="Opened.")

    async def simple_text(_: Any, __: Workspace) -> Any:
        return models.Said(text="This is a simple text response for testing.")

    async def image_content(_: Any, workspace: Workspace) -> Any:
        workspace.attach(Image(mime_type="image/png", data=PIXEL))
        return models.Said(text="An image.")

    async def error_handling(params: Any, _: Workspace) -> Any:
        if params.fail:
            raise errors.OnPurpose.always()
        return models.Said(text="Nothing failed.")

    async def with_progress(_: Any, session: Session) -> Any:
        report = session.workspace.caller.report
        for done in (0, 50, 100):
            if report is not None:
                await report(Progress(done=done, total=100, message=f"{done} of 100"))
            await asyncio.sleep(STEP_SECONDS)
        return models.Said(text="Done.")

    def confirm(workspace: Workspace, *runs: str) -> Any:
        """Refuse until somebody has agreed that all of these end."""
        rows = [{"what": run, "since": BEGAN} for run in runs]
        if not marks(rows) <= workspace.caller.confirmed:
            raise errors.ConfirmationRequired.others_run(
                action="it", path="a notebook", others=listed(rows, phrases), runs=rows
            )

    async def asking(params: Any, workspace: Workspace) -> Any:
        if not params.confirm:
            confirm(workspace, "a run")
        return models.Said(text="Agreed.")

    async def asking_twice(params: Any, workspace: Workspace) -> Any:
        if not params.confirm:
            confirm(workspace, "a run")
            confirm(workspace, "a run", "another, begun while you were asked")
        return models.Said(text="Agreed.")

    async def list_notebooks(_: Any, __: Workspace) -> Any:
        return models.Listing(notebooks=[models.Listed(notebook_path=path) for path in STATIC])

    async def read_resource(params: Any, workspace: Workspace) -> Any:
        kind = found(resources, params.uri)
        if kind is None:
            raise errors.ResourceNotFound.nothing(uri=params.uri)
        template, parts = kind
        if template.name == "template":
            data = {"id": parts["id"], "templateTest": True, "data": f"Data for ID: {parts['id']}"}
            held = Content(uri=params.uri, mime_type="application/json", data=json.dumps(data))
        elif parts["path"] == "static-binary":
            held = Content(uri=params.uri, mime_type="image/png", data=b64decode(PIXEL))
        elif parts["path"] in STATIC:
            text = "This is the content of the static text resource."
            held = Content(uri=params.uri, mime_type="text/plain", data=text)
        else:
            raise errors.ResourceNotFound.nothing(uri=params.uri)
        workspace.deliver(held)
        return models.Said(text=params.uri)

    async def complete_value(params: Any, _: Workspace) -> Any:
        values = [one for one in ("test.ipynb", "other.ipynb") if one.startswith(params.value)]
        return models.Completion(total=len(values), values=values)

    return SimpleNamespace(
        open_session=open_session,
        test_simple_text=simple_text,
        test_image_content=image_content,
        test_error_handling=error_handling,
        test_tool_with_progress=with_progress,
        test_elicitation=asking,
        test_input_required_result_elicitation=asking,
        test_input_required_result_multi_round=asking_twice,
        list_notebooks=list_notebooks,
        read_resource=read_resource,
        complete_value=complete_value,
    )
