"""What the gateway counts, for Prometheus, and the line that it logs of each request."""

from __future__ import annotations

import logging
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from jmcp.core.observe.call_log import Fields

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Upper bounds of the histogram's buckets. A cold start takes four to ten seconds."""
BOUNDS = (*(str(float(one)) for one in SECONDS), "+Inf")
HOUR = 3600.0
KEPT_FAILURES = 1_000

log = logging.getLogger("jmcp.gateway")


class Measures(Collector):
    """The counts of one gateway. They name outcomes, never a user; the log names the user."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._requests: Counter[str] = Counter()
        self._starts: Counter[str] = Counter()
        self._failures: deque[float] = deque(maxlen=KEPT_FAILURES)
        self._buckets = [0] * len(BOUNDS)
        self._total = 0.0
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def gauge(self, name: str, about: str, read: Callable[[], float]) -> None:
        """Something that is known elsewhere, read with each scrape."""
        self._gauges[name] = (about, read)

    def request(self, *, user: str, method: str, path: str, outcome: str, seconds: float) -> None:
        """One request that was passed on, or refused. `path` is below the gateway's own."""
        self._requests[outcome] += 1
        self._buckets[bisect_left(SECONDS, seconds)] += 1
        self._total += seconds
        if log.isEnabledFor(logging.INFO):
            about = {
                "user": user or None,
                "method": method,
                "path": path,
                "outcome": outcome,
                "ms": round(seconds * 1000, 1),
            }
            log.info("%s", Fields("request", about))

    def start(self, outcome: str) -> None:
        """One start of a server has ended: `ready`, `capacity`, `failed`."""
        self._starts[outcome] += 1
        if outcome != "ready":
            self._failures.append(time.monotonic())

    @property
    def failures_of_an_hour(self) -> int:
        """Starts that failed within the last hour, at most KEPT_FAILURES."""
        since = time.monotonic() - HOUR
        return sum(1 for at in self._failures if at > since)

    def page(self, accept: str) -> tuple[bytes, str]:
        """The counts in the format that the client prefers, and its media type."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        build = GaugeMetricFamily("jmcp_gateway_info", "The version.", labels=("version",))
        build.add_metric((self._version,), 1)
        yield build
        requests = CounterMetricFamily(
            "jmcp_gateway_requests", "Requests by their outcome.", labels=("outcome",)
        )
        for outcome, count in self._requests.items():
            requests.add_metric((outcome,), count)
        yield requests
        starts = CounterMetricFamily(
            "jmcp_gateway_server_starts", "Starts of users' servers.", labels=("outcome",)
        )
        for outcome, count in self._starts.items():
            starts.add_metric((outcome,), count)
        yield starts
        yield GaugeMetricFamily(
            "jmcp_gateway_start_failures_last_hour",
            "Starts that failed within the last hour.",
            value=self.failures_of_an_hour,
        )
        seconds = HistogramMetricFamily(
            "jmcp_gateway_request_seconds", "Until a request was answered whole."
        )
        counts = zip(BOUNDS, accumulate(self._buckets), strict=True)
        seconds.add_metric((), [(bound, count) for bound, count in counts], self._total)
        yield seconds
        for name, (about, read) in self._gauges.items():
            yield GaugeMetricFamily(name, about, value=read())
