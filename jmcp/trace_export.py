"""Where traces go: OTLP over HTTP, told by OpenTelemetry's own variables.

Imports the SDK of OpenTelemetry only where traces are asked for.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jmcp.core.errors import ServeError
from jmcp.installation import adding

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

    from jmcp.core.observe.traces import Traces

FLUSH_SECONDS = 3.0
"""How long the end of a server waits for its last spans to be sent."""
PROTOCOL = "http/protobuf"
NEEDED = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")
LOGGERS = ("opentelemetry.exporter", "opentelemetry.sdk._shared_internal")
"""They log each attempt, and each span that is dropped."""
HUB = {"jupyterhub.user": "JUPYTERHUB_USER", "jupyterhub.server": "JUPYTERHUB_SERVER_NAME"}
"""Attributes of a single-user server, from the variables of its Hub."""
NO_EXPORT = ("none", "")
log = logging.getLogger("jmcp")


def open_traces(variables: Mapping[str, str], *, service: str, version: str) -> Traces | None:
    """Traces as those variables (OTEL_...) say; None where they say that there are to be none.

    Where somebody has set a provider for the process, as `opentelemetry-instrument` does, it is that
    one's. Raises ServeError without the extra, and for what it cannot do.
    """
    check_traces(variables)
    if variables.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    from opentelemetry.trace import ProxyTracerProvider, get_tracer_provider

    from jmcp.core.observe.traces import Traces

    given = get_tracer_provider()
    if not isinstance(given, ProxyTracerProvider):
        return Traces(given, version, None)
    if variables.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() in NO_EXPORT:
        return None
    export = OtlpExport(variables, service, version)
    return Traces(export.provider, version, export)


def check_traces(variables: Mapping[str, str]) -> None:
    """Raises ServeError where traces that are asked for cannot be had."""
    if not all(_found(name) for name in NEEDED):
        raise ServeError(f"traces need OpenTelemetry's SDK, not installed: {adding('otel')}")
    exporter = variables.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower()
    if exporter not in ("otlp", *NO_EXPORT):
        raise ServeError(f"OTEL_TRACES_EXPORTER is {exporter!r}; jmcp has otlp and none")
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        protocol = variables.get(name, "").strip().lower()
        if protocol:
            if protocol != PROTOCOL:
                raise ServeError(f"{name} is {protocol!r}; jmcp sends traces by {PROTOCOL} alone")
            break


def _found(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


class OtlpExport:
    """The SDK's provider of spans and its export. Raises ServeError for what the variables ask in vain."""

    def __init__(self, variables: Mapping[str, str], service: str, version: str) -> None:
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from jmcp.core.observe.span_exporter import OtlpExporter

        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            exporter = OtlpExporter(endpoint(variables))
            self.provider = TracerProvider(
                resource=_resource(variables, service, version), shutdown_on_exit=False
            )
            self.provider.add_span_processor(BatchSpanProcessor(exporter))
        except (ValueError, OSError) as error:
            raise ServeError(f"traces cannot be sent as OTEL_... say: {error}") from error

    def discard(self) -> None:
        self.provider.shutdown()

    async def close(self) -> None:
        # In a thread that nobody waits for longer: where nobody answers, the exporter tries for 30 s.
        ended, loop = asyncio.Event(), asyncio.get_running_loop()

        def shut_down() -> None:
            self.provider.shutdown()
            with suppress(RuntimeError):  # nobody waited, and the loop is closed
                loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=shut_down, name="jmcp-traces", daemon=True).start()
        try:
            await asyncio.wait_for(ended.wait(), FLUSH_SECONDS)
        except TimeoutError:
            log.warning("The last traces could not be sent within %g s.", FLUSH_SECONDS)


def _resource(variables: Mapping[str, str], service: str, version: str) -> Resource:
    """What all spans say of this process; the variables of OpenTelemetry win."""
    from opentelemetry.sdk.resources import Resource

    about = {"service.name": service, "service.version": version}
    for attribute, variable in HUB.items():
        if value := variables.get(variable):
            about[attribute] = value
    told = Resource.create()
    if str(told.attributes.get("service.name")).startswith("unknown_service"):
        told = Resource({key: it for key, it in told.attributes.items() if key != "service.name"})
    return Resource(about).merge(told)


def endpoint(variables: Mapping[str, str]) -> str:
    """Where they are sent, without what a URL may hold for nobody else to read."""
    given = variables.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or variables.get(
        "OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318"
    )
    parts = urlsplit(given)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
