"""What is counted, for Prometheus. No label ever names a notebook, a session or a person."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from jmcp.runtime.witness import Called, Happened, Witness

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Upper bounds of the buckets: an edit takes milliseconds, and a run as long as it takes."""
BOUNDS = (*map(str, SECONDS), "+Inf")

Read = Callable[[], float | None]


@dataclass(slots=True)
class Histogram:
    """Calls by how long they took; `counts` has one more place than there are bounds."""

    counts: list[int] = field(default_factory=lambda: [0] * len(BOUNDS))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.total += seconds


class Metrics(Collector):
    """The counts of one server, in a registry of their own: several may live in one process.

    Counting is a few additions in the loop's thread; everything else is done when somebody asks.
    """

    def __init__(self, version: str) -> None:
        self._version = version
        self._calls: Counter[tuple[str, str]] = Counter()
        self._seconds: dict[str, Histogram] = {}
        self._events: Counter[str] = Counter()
        self._refused: Counter[int] = Counter()
        self._detached = 0
        self._gauges: dict[str, tuple[str, Read]] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        # Memory, processor time and open files of the process, where /proc has them.
        ProcessCollector(registry=self._registry)

    def gauge(self, name: str, about: str, read: Read) -> None:
        """Something that is counted elsewhere, asked for with each scrape; None is left out."""
        self._gauges[name] = (about, read)

    # -- counting --------------------------------------------------------------------------------

    def called(self, call: Called) -> None:
        self._calls[call.tool, call.outcome] += 1
        histogram = self._seconds.get(call.tool)
        if histogram is None:
            histogram = self._seconds[call.tool] = Histogram()
        histogram.add(call.seconds)

    def happened(self, event: Happened) -> None:
        self._events[event.what] += 1

    def refused(self, status: int) -> None:
        """A request got no further than HTTP."""
        self._refused[status] += 1

    def detached(self, runs: int) -> None:
        """The server stops, and so many runs go on without it."""
        self._detached += runs

    # -- telling ---------------------------------------------------------------------------------

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All of it, in the format that the Accept header prefers, and that format's media type."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry would otherwise collect everything once to learn the names."""
        return ()

    def collect(self) -> Iterable[Metric]:
        calls = CounterMetricFamily(
            "jmcp_calls", "Calls that ended, by tool and outcome.", labels=("tool", "outcome")
        )
        for (tool, outcome), count in self._calls.items():
            calls.add_metric((tool, outcome), count)
        yield calls
        seconds = HistogramMetricFamily(
            "jmcp_call_seconds", "How long calls took.", labels=("tool",)
        )
        for tool, histogram in self._seconds.items():
            buckets = [*zip(BOUNDS, accumulate(histogram.counts), strict=True)]
            seconds.add_metric((tool,), buckets, sum_value=histogram.total)
        yield seconds
        events = CounterMetricFamily(
            "jmcp_session_events", "What happened to sessions.", labels=("event",)
        )
        for event, count in self._events.items():
            events.add_metric((event,), count)
        yield events
        refused = CounterMetricFamily(
            "jmcp_requests_refused", "Requests that reached no tool.", labels=("status",)
        )
        for status, count in self._refused.items():
            refused.add_metric((str(status),), count)
        yield refused
        yield CounterMetricFamily(
            "jmcp_runs_detached", "Runs that this process left to go on.", value=self._detached
        )
        for name, (about, read) in self._gauges.items():
            if (value := read()) is not None:
                yield GaugeMetricFamily(name, about, value=value)
        build = GaugeMetricFamily("jmcp_build_info", "The version that runs.", labels=("version",))
        build.add_metric((self._version,), 1)
        yield build


def _conforms(metrics: Metrics) -> Witness:
    return metrics
