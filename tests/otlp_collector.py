"""A collector of OpenTelemetry that takes traces over HTTP, as a real one does."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A span. Ids are hexadecimal, `parent` is empty for one without; times are nanoseconds."""

    name: str
    trace: str
    span: str
    parent: str
    kind: int
    failed: bool
    message: str
    began: int
    ended: int
    attributes: dict[str, str]
    events: tuple[str, ...]
    links: tuple[str, ...]
    resource: dict[str, str]


def _texts(pairs: Any) -> dict[str, str]:
    return {pair.key: str(getattr(pair.value, pair.value.WhichOneof("value"))) for pair in pairs}


class Collector:
    """What has come so far; `raw` is all of it as it was sent."""

    def __init__(self) -> None:
        self.spans: list[Received] = []
        self.raw = b""
        self.url = ""
        self.accepts = True

    def take(self, body: bytes) -> None:
        self.raw += body
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = _texts(of_resource.resource.attributes)
            for scope in of_resource.scope_spans:
                for span in scope.spans:
                    self.spans.append(
                        Received(
                            name=span.name,
                            trace=span.trace_id.hex(),
                            span=span.span_id.hex(),
                            parent=span.parent_span_id.hex(),
                            kind=span.kind,
                            failed=span.status.code == 2,
                            message=span.status.message,
                            began=span.start_time_unix_nano,
                            ended=span.end_time_unix_nano,
                            attributes=_texts(span.attributes),
                            events=tuple(event.name for event in span.events),
                            links=tuple(link.trace_id.hex() for link in span.links),
                            resource=resource,
                        )
                    )

    async def of(
        self, trace: str, until: Callable[[list[Received]], bool] = bool
    ) -> list[Received]:
        """The spans of that trace as they began, once there are those that the test waits for."""
        async with asyncio.timeout(SECONDS):
            while True:
                found = [span for span in self.spans if span.trace == trace]
                if until(found):
                    return sorted(found, key=lambda span: span.began)
                await asyncio.sleep(0.01)


@contextmanager
def collector() -> Iterator[Collector]:
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # as http.server has it
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            right = self.path == "/v1/traces"
            right = right and self.headers["Content-Type"] == "application/x-protobuf"
            if made.accepts and right:
                made.take(body)
            self.send_response(200 if made.accepts and right else 400)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def variables_for(made: Collector) -> dict[str, str]:
    """The variables of a process that sends its traces there at once."""
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": made.url, "OTEL_BSP_SCHEDULE_DELAY": "20"}
