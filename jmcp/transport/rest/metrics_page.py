"""`/jmcp/metrics`: the counts of a server, in the formats that Prometheus scrapes."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from jmcp.core.calls.call import Calls
from jmcp.transport.middleware.principal import caller
from jmcp.transport.middleware.request_id import RequestCounter
from jmcp.transport.problems import Problem


class MetricsPage(Collector):
    """The counts of one site, in a registry of its own.

    They name tools, outcomes and statuses, never a notebook, a session or a person. They need the
    scope `read` all the same, because they show when people work here.
    """

    def __init__(self, dispatcher: Calls, requests: RequestCounter, version: str) -> None:
        self._dispatcher = dispatcher
        self._requests = requests
        self._version = version
        self._registry = CollectorRegistry()
        self._registry.register(self)
        # Memory, processor time and open files of the process, where /proc has them.
        ProcessCollector(registry=self._registry)

    async def answer(self, request: Request) -> Response:
        """In the format that the client prefers. Raises Problem 403 without the scope `read`."""
        if "read" not in caller().scopes:
            raise Problem(403, "Metrics need a token with the scope read.", code="not_permitted")
        # Collecting is synchronous and cannot wait for a store, so the gauge is refreshed before.
        await self._dispatcher.live_sessions()
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self._registry), headers={"Content-Type": media_type})

    def describe(self) -> Iterable[Metric]:
        """Describes nothing, so that the registry does not collect everything once to learn names."""
        return ()

    def collect(self) -> Iterable[Metric]:
        build = GaugeMetricFamily("jmcp_build_info", "The version that runs.", labels=("version",))
        build.add_metric((self._version,), 1)
        yield build
        metrics = self._dispatcher.metrics
        ready = metrics is not None and not self._dispatcher.stopping
        yield GaugeMetricFamily("jmcp_ready", "Whether tools can be called.", value=ready)
        errors = CounterMetricFamily(
            "jmcp_http_errors", "Answers over HTTP that were errors.", labels=("status",)
        )
        for status, count in self._requests.errors.items():
            errors.add_metric((str(status),), count)
        yield errors
        if metrics is not None:
            yield from metrics.collect()
