"""The composition root of every server, for any documents and kernels.

`jmcp.compose_local` and `jmcp.compose_remote` choose those; they are apart because the imports of
each take a second that the other does not need.
"""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jmcp_api
from jmcp.core.calls.call import Caller
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.core.calls.gate import Gate
from jmcp.core.calls.permissions import Permissions
from jmcp.core.calls.rate_limits import Rates
from jmcp.core.calls.tool import Api
from jmcp.core.editing.owners import Owners
from jmcp.core.errors import ServeError
from jmcp.core.journal.recorder import JournalRecorder
from jmcp.core.lab_pages import LabPages
from jmcp.core.memory_watch import Measure
from jmcp.core.observe.audit import AuditLog
from jmcp.core.observe.call_log import CallLog
from jmcp.core.observe.events import Observer
from jmcp.core.pages.pages import Pages
from jmcp.core.ports import Documents, Kernels
from jmcp.core.sessions.readings.session_readings import Readings
from jmcp.options.settings import Settings
from jmcp.plugins.installed import installed_toolsets
from jmcp.state.folder import open_stores, state_folder
from jmcp.trace_export import open_traces
from jmcp_api import (
    errors,
    http,
    mcp,
    phrases,
    prompts,
    registry,
    resources,
    sessions,
    texts,
    views,
)
from jmcp_handlers import HANDLERS

VERSION = version("jmcp")
GENERATED = Path(jmcp_api.__file__).parent

API = Api(
    tools=registry.TOOLS,
    prompts=prompts.PROMPTS,
    resources=resources.RESOURCES,
    views=views.VIEWS,
    policy=sessions.POLICY,
    routes=http.ROUTES,
    texts=texts.TEXTS,
    instructions=mcp.INSTRUCTIONS,
    title=mcp.TITLE,
    website=mcp.WEBSITE,
    icon=mcp.ICON,
    text_clients=mcp.TEXT_CLIENTS,
    unannotated_clients=views.UNANNOTATED_CLIENTS,
    confirmation=errors.ConfirmationRequired,
    listing_file=str(GENERATED / mcp.LISTING_FILE),
    openapi_file=str(GENERATED / http.OPENAPI_FILE),
)
"""What jmcp has by itself."""

log = logging.getLogger("jmcp")


@cache
def served() -> tuple[Api, Any]:
    """The API and the handlers, with the toolsets of other packages. What of them cannot be used is
    logged, once."""
    if not installed_toolsets():
        return API, HANDLERS
    # Imported here, because most servers have no such packages.
    from jmcp.plugins.additions import extended, handlers_with
    from jmcp.plugins.loading import loaded_toolsets

    loaded = loaded_toolsets()
    for fault in loaded.faults:
        log.error("%s", fault)
    return extended(API, loaded), handlers_with(HANDLERS, loaded)


def served_api() -> Api:
    """The API with the toolsets of other packages, which are imported when it is first asked for."""
    api, _ = served()
    return api


def api_of(settings: Settings) -> Api:
    """The API with what this server's configuration says of sessions and runs."""
    api = served_api()
    policy = api.policy
    if not settings.images:
        policy = replace(policy, images=False)
    if settings.session_hours is not None:
        policy = replace(policy, idle_hours=settings.session_hours)
    if settings.beyond_output_limit is not None:
        kept = replace(policy.run_output, beyond=settings.beyond_output_limit)
        policy = replace(policy, run_output=kept)
    return api if policy is api.policy else replace(api, policy=policy)


def permissions(settings: Settings) -> Permissions:
    """What this server permits to any caller. Raises ServeError as Permissions does ValueError."""
    api = served_api()
    try:
        return Permissions(
            api,
            read_only=settings.read_only,
            allow=settings.allow_tools,
            deny=settings.deny_tools,
        )
    except ValueError as error:
        raise ServeError(str(error)) from error


def gates(settings: Settings) -> list[Gate]:
    """The gates besides permissions, in the order in which they are asked."""
    policy = sessions.POLICY
    session, owner = settings.calls_per_second, settings.owner_calls_per_second
    rates = Rates(
        policy.errors.rate_limited,
        session=policy.session_calls_per_second if session is None else session,
        owner=policy.owner_calls_per_second if owner is None else owner,
    )
    return [rates]


def observers(settings: Settings) -> list[Observer]:
    """The observers of calls and sessions."""
    if settings.audit_log is None:
        return [CallLog()]
    return [CallLog(), AuditLog(settings.audit_log, content=settings.audit_content)]


def build(
    documents: Documents,
    kernels: Kernels,
    *,
    place: str,
    settings: Settings,
    lab: LabPages | None = None,
    pages: Pages | None = None,
    owners: Owners | None = None,
    first_caller: Caller | None = None,
    memory: Measure | None = None,
) -> Dispatcher:
    """A dispatcher on these documents and kernels, with the stores of a place.

    `place` is what the server works on: a directory or a URL. `pages` are people's that are connected
    to it; None where none can be. `owners` knows who edits a notebook,
    where other processes may have documents of the same files. `memory` measures what the server
    and its kernels use. `first_caller` has the configured
    notebook opened at the start. Raises ServeError for a store that
    cannot be opened.
    """
    api = api_of(settings)
    # Before anything is opened that a mistake here would leave open.
    permitted, asked, told = permissions(settings), gates(settings), observers(settings)
    traces = None
    if settings.traces:
        traces = open_traces(os.environ, service="jmcp", version=VERSION)
    try:
        store, journal = open_stores(
            state_folder(place), store=settings.store, idle_hours=api.policy.idle_hours
        )
    except BaseException:
        if traces is not None:
            traces.discard()
        raise
    parts: dict[str, Any] = {}
    kind: type[Dispatcher] = Dispatcher
    if traces is not None:
        # Imported here, because most servers have none.
        from jmcp.core.calls.traced_dispatcher import TracedDispatcher

        kind, parts = TracedDispatcher, {"traces": traces}
    made = kind(
        **parts,
        api=api,
        handlers=served()[1],
        documents=documents,
        # A read-only server does not redo the edits that an earlier one lost.
        recorder=None
        if settings.read_only
        else JournalRecorder(documents, journal, phrases=phrases, owners=owners),
        readings=Readings(journal),
        kernels=kernels,
        lab=lab,
        pages=pages,
        store=store,
        permissions=permitted,
        gates=asked,
        observers=told,
        shared=settings.shared,
        first_caller=first_caller,
        memory=memory,
        # For tests: an error that its tool does not declare becomes a bug instead of a log line.
        strict=os.environ.get("JMCP_STRICT") == "1",
    )
    made.metrics.gauge(
        "jmcp_journal_entries_pending", "Edits that no file has yet.", journal.pending
    )
    return made
