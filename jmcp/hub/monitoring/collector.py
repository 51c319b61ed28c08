"""The metrics: servers by state, their mean age, memory and disk of the machine, free places."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from jmcp.core.errors import ServeError
from jmcp.hub.monitoring.hub_servers import HubServers, hub_servers

PREFIX = "JMCP_METRICS_"
IDLE_SECONDS = 300.0
"""A server without use for so long counts as idle. It is stopped much later."""

log = logging.getLogger("jmcp.metrics")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """`token` is what Prometheus sends. `folder` is on the disk that users' data is on. `places` is how
    many servers may run, 0 for any number. `cgroups` is a pattern of folders of control groups, one of
    each server, where the machine has them."""

    api_url: str
    api_token: str = field(repr=False)
    token: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 9101
    folder: Path = Path("/")
    places: int = 0
    cgroups: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> MetricsSettings:
        """Raises ServeError, which names the variable."""
        given = os.environ if environment is None else environment

        def required(name: str) -> str:
            if not (value := given.get(name, "")):
                raise ServeError(f"{name} is not set, which jmcp.hub.monitoring needs")
            return value

        host, _, port = given.get(f"{PREFIX}ADDRESS", "127.0.0.1:9101").rpartition(":")
        numbers = {"port": port, "places": given.get(f"{PREFIX}PLACES", "0")}
        if not all(text.isdigit() for text in numbers.values()):
            raise ServeError(f"{PREFIX}ADDRESS is HOST:PORT, and {PREFIX}PLACES is a number")
        return cls(
            api_url=required("JUPYTERHUB_API_URL").rstrip("/"),
            api_token=required("JUPYTERHUB_API_TOKEN"),
            token=required(f"{PREFIX}TOKEN"),
            host=host,
            port=int(port),
            folder=Path(given.get(f"{PREFIX}FOLDER", "/")),
            places=int(numbers["places"]),
            cgroups=given.get(f"{PREFIX}CGROUPS", ""),
        )


class HubCollector(Collector):
    """Asks with each scrape. What cannot be asked is left out, and said by jmcp_hub_reachable."""

    def __init__(self, settings: MetricsSettings) -> None:
        self._settings = settings

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        servers = self._servers()
        yield gauge("reachable", "Whether the Hub answers.", servers is not None)
        if servers is not None:
            states = GaugeMetricFamily(
                "jmcp_hub_servers", "Users' servers by what they do.", labels=("state",)
            )
            for state in ("active", "idle", "starting"):
                states.add_metric((state,), getattr(servers, state))
            yield states
            about = "Mean age of the servers that run."
            yield gauge("server_mean_age_seconds", about, servers.mean_age)
            if self._settings.places:
                taken = servers.active + servers.idle + servers.starting
                free = max(0, self._settings.places - taken)
                yield gauge("places_free", "How many more servers may start.", free)
        memory = psutil.virtual_memory()
        used = 1 - memory.available / memory.total
        yield gauge("memory_used_ratio", "Of the machine's memory, from 0 to 1.", used)
        disk = psutil.disk_usage(str(self._settings.folder)).percent / 100
        yield gauge("disk_used_ratio", "Of the disk with users' data, from 0 to 1.", disk)
        yield self._memories()

    def _servers(self) -> HubServers | None:
        settings = self._settings
        try:
            return hub_servers(settings.api_url, settings.api_token, IDLE_SECONDS)
        except (OSError, ValueError, KeyError) as error:
            log.warning("the Hub's servers are unknown: %s", error)
            return None

    def _memories(self) -> Metric:
        found = GaugeMetricFamily(
            "jmcp_hub_server_memory_ratio",
            "Memory of one user's server, of what it may have, from 0 to 1.",
            labels=("server",),
        )
        pattern = self._settings.cgroups
        for folder in sorted(Path("/").glob(pattern.lstrip("/"))) if pattern else ():
            try:
                used = int((folder / "memory.current").read_text())
                limit = int((folder / "memory.max").read_text())
            except (OSError, ValueError):  # it has ended, or has no limit
                continue
            found.add_metric((folder.name.removesuffix(".service"),), used / limit)
        return found


def gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"jmcp_hub_{name}", about, value=float(value))
