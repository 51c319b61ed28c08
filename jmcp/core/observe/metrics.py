"""What is counted, for Prometheus. No label ever names a notebook, a session or a person."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from jmcp.core import background
from jmcp.core.errors import BackendError
from jmcp.core.kernels import odd_messages
from jmcp.core.observe.events import CallEvent, SessionEvent

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Upper bounds of the histogram's buckets, in seconds: an edit takes milliseconds, a run as long as
it takes."""
BOUNDS = (*(str(float(seconds)) for seconds in SECONDS), "+Inf")

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
    """The counts of one dispatcher: several may live in one process, so no registry has them all.

    Counting is a few additions in the loop's thread; everything else is done when somebody asks.
    """

    def __init__(self) -> None:
        self._calls: Counter[tuple[str, str]] = Counter()
        self._seconds: dict[str, Histogram] = {}
        self._events: Counter[str] = Counter()
        self._detached = 0
        self._gauges: dict[str, tuple[str, Read]] = {}

    def gauge(self, name: str, about: str, read: Read) -> None:
        """Something that is counted elsewhere, asked for with each scrape; None is left out."""
        self._gauges[name] = (about, read)

    # -- counting --------------------------------------------------------------------------------

    def on_call(self, call: CallEvent) -> None:
        self._calls[call.tool, call.outcome] += 1
        histogram = self._seconds.get(call.tool)
        if histogram is None:
            histogram = self._seconds[call.tool] = Histogram()
        histogram.add(call.seconds)

    def on_session_event(self, event: SessionEvent) -> None:
        self._events[event.what] += 1

    def detached(self, runs: int) -> None:
        """Count the runs that go on when the server stops."""
        self._detached += runs

    def calls_ended(self, *, beside: str) -> int:
        """How many calls have ended, without those of the tool `beside`."""
        return sum(count for (tool, _), count in self._calls.items() if tool != beside)

    # -- telling ---------------------------------------------------------------------------------

    def describe(self) -> Iterable[Metric]:
        """Describes nothing: otherwise the registry would collect everything once to learn the
        names."""
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
        yield CounterMetricFamily(
            "jmcp_runs_detached", "Runs that this process left to go on.", value=self._detached
        )
        failed = CounterMetricFamily(
            "jmcp_background_failures",
            "Failures of work beside the calls, each of which is tried again.",
            labels=("work",),
        )
        for work, count in background.failures.items():
            failed.add_metric((work,), count)
        yield failed
        odd = CounterMetricFamily(
            "jmcp_kernel_messages_odd",
            "Messages of kernels that were left out, in whole or in part, by what is wrong.",
            labels=("what",),
        )
        for what, count in odd_messages.counts.items():
            odd.add_metric((what,), count)
        yield odd
        for name, (about, read) in self._gauges.items():
            with suppress(BackendError):  # a store that does not answer
                if (value := read()) is not None:
                    yield GaugeMetricFamily(name, about, value=value)
