"""Sends spans by OTLP over HTTP, in the thread of the SDK's batches.

Imported only where traces are wanted: it needs OpenTelemetry's SDK.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from jmcp.core.background import failures

log = logging.getLogger("jmcp")


class OtlpExporter(SpanExporter):
    """Says once that spans are lost and once that they arrive again, where the SDK says it each time.

    `where` names the collector to a person; the variables of OpenTelemetry say the rest.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._exporter: SpanExporter = OTLPSpanExporter()
        self._lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            failures["traces"] += 1
            if not self._lost:
                log.warning("%s takes no traces; they are lost until it does.", self._where)
            self._lost += len(spans)
        elif self._lost:
            log.warning("%s takes traces again; %d spans were lost.", self._where, self._lost)
            self._lost = 0
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()
