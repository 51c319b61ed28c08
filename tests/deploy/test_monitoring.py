"""What Prometheus is told, and that rules and dashboard ask for metrics and labels that there are."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import promql_parser
import pytest
from jupyterhub import metrics as hub_metrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from jmcp.core.errors import ServeError
from jmcp.hub.gateway.app import Gateway
from jmcp.hub.gateway.settings import GatewaySettings
from jmcp.hub.monitoring.__main__ import MetricsServer
from jmcp.hub.monitoring.collector import HubCollector, MetricsSettings
from jmcp.transport.problems import CODES
from tests.deploy.files import CHECKOUT, DEPLOY, program, read_yaml
from tests.thorough import thorough

PROMETHEUS = DEPLOY / "prometheus"
DASHBOARD = DEPLOY / "grafana" / "jmcp.json"
SECONDS = 60
OF_OTHERS = {
    "up": {"job"},
    "process_resident_memory_bytes": {"job"},
    "container_memory_working_set_bytes": {"name", "container", "namespace", "pod"},
    "container_spec_memory_limit_bytes": {"name"},
    "kube_pod_container_resource_limits": {"container", "namespace", "pod", "resource"},
    "kube_statefulset_status_replicas_ready": {"statefulset"},
}
"""Those of Prometheus itself, cAdvisor and kube-state-metrics, with their labels that are used."""
ADDED = {"job", "instance", "le"}
TOKEN = "token-of-prometheus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A metric that an expression asks for. `labels` are those that it is chosen by."""

    name: str
    labels: frozenset[str]


def used(expression: str) -> Iterator[Used]:
    """Raises ValueError for what is no PromQL."""
    yield from _used(promql_parser.parse(expression))


def _used(node: Any) -> Iterator[Used]:
    if isinstance(node, promql_parser.MatrixSelector):
        node = node.vector_selector
    if isinstance(node, promql_parser.VectorSelector):
        matchers = node.matchers.matchers
        yield Used(name=node.name or "", labels=frozenset(one.name for one in matchers))
        return
    for name in ("lhs", "rhs", "expr", "param"):
        if (part := getattr(node, name, None)) is not None:
            yield from _used(part)
    for part in getattr(node, "args", ()):
        yield from _used(part)


def alerts() -> dict[str, dict[str, Any]]:
    groups = read_yaml(PROMETHEUS / "rules.yml")["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


EXPRESSIONS = [rule["expr"] for rule in alerts().values()] + [
    target["expr"] for panel in panels() for target in panel["targets"]
]


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    return {
        "JUPYTERHUB_API_URL": "http://127.0.0.1:1/hub/api",
        "JUPYTERHUB_API_TOKEN": "token-of-the-service",
        "JMCP_METRICS_TOKEN": TOKEN,
        "JMCP_METRICS_ADDRESS": "127.0.0.1:0",
        "JMCP_METRICS_FOLDER": str(tmp_path),
        "JMCP_METRICS_PLACES": "5",
        "JMCP_METRICS_CGROUPS": f"{tmp_path}/jmcp-server-*.service",
    }


def server(name: str, *, minutes: float, unused: float = 0, ready: bool = True) -> dict[str, Any]:
    """A user with one server, as the Hub writes it."""
    now = datetime.now(UTC)
    one = {
        "name": "",
        "ready": ready,
        "started": (now - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z"),
        "last_activity": (now - timedelta(minutes=unused)).isoformat().replace("+00:00", "Z"),
    }
    return {"name": name, "servers": {"": one}}


@contextmanager
def hub_of(users: list[dict[str, Any]], page: int = 2) -> Iterator[str]:
    """The list of active users as a Hub sends it, `page` at a time; yields the URL of its API."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            assert query["state"] == ["active"]
            assert self.headers["Authorization"] == "Bearer token-of-the-service"
            offset = int(query["offset"][0])
            following = {"offset": offset + page} if offset + page < len(users) else None
            items = users[offset : offset + page]
            content = json.dumps({"items": items, "_pagination": {"next": following}}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Answer)) as url:
        yield f"{url}/hub/api"


@contextmanager
def served(site: ThreadingHTTPServer) -> Iterator[str]:
    with site:
        serving = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield f"http://127.0.0.1:{site.server_address[1]}"
        finally:
            site.shutdown()
            serving.join(SECONDS)


def values(text: str) -> dict[tuple[str, str], float]:
    """By name and the value of its one label, or nothing."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(url: str, token: str = TOKEN) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    with urlopen(Request(f"{url}/metrics", headers=headers), timeout=SECONDS) as answer:
        return str(answer.read().decode())


def test_servers_and_machine_are_told_to_whoever_has_the_token(
    given: dict[str, str], tmp_path: Path
) -> None:
    control_group = tmp_path / "jmcp-server-ada.service"
    for folder, limit in ((control_group, "2000"), (tmp_path / "jmcp-server-bob.service", "max")):
        folder.mkdir()
        (folder / "memory.current").write_text("500\n")
        (folder / "memory.max").write_text(f"{limit}\n")
    users = [
        server("ada", minutes=10),
        server("bob", minutes=30, unused=20),
        server("eve", minutes=20, unused=6),
        server("kim", minutes=1, ready=False),
        {"name": "left", "servers": {}},
    ]
    with hub_of(users) as api:
        settings = MetricsSettings.from_environment(given | {"JUPYTERHUB_API_URL": api})
        with served(MetricsServer(settings)) as url:
            found = values(scraped(url))
            with pytest.raises(HTTPError, match="401"):
                scraped(url, "another")
    assert found["jmcp_hub_reachable", ""] == 1
    assert found["jmcp_hub_servers", "active"] == 1
    assert found["jmcp_hub_servers", "idle"] == 2
    assert found["jmcp_hub_servers", "starting"] == 1
    assert found["jmcp_hub_server_mean_age_seconds", ""] == pytest.approx(20 * 60, abs=SECONDS)
    assert found["jmcp_hub_places_free", ""] == 1
    assert 0 < found["jmcp_hub_memory_used_ratio", ""] < 1
    assert 0 < found["jmcp_hub_disk_used_ratio", ""] < 1
    assert found["jmcp_hub_server_memory_ratio", "jmcp-server-ada"] == 0.25
    assert ("jmcp_hub_server_memory_ratio", "jmcp-server-bob") not in found


def test_a_hub_that_does_not_answer_is_said_and_the_machine_is_told(given: dict[str, str]) -> None:
    with served(MetricsServer(MetricsSettings.from_environment(given))) as url:
        found = values(scraped(url))
    assert found["jmcp_hub_reachable", ""] == 0
    assert ("jmcp_hub_servers", "active") not in found
    assert ("jmcp_hub_memory_used_ratio", "") in found


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("JMCP_METRICS_TOKEN", "", "JMCP_METRICS_TOKEN is not set"),
        ("JMCP_METRICS_ADDRESS", "here", "is HOST:PORT"),
        ("JMCP_METRICS_PLACES", "-1", "is a number"),
    ],
)
def test_a_setting_that_is_wrong_is_named(
    given: dict[str, str], name: str, value: str, said: str
) -> None:
    with pytest.raises(ServeError, match=said):
        MetricsSettings.from_environment(given | {name: value})


def exposed(given: Mapping[str, str], tmp_path: Path) -> dict[str, set[str]]:
    """Names of what Hub, gateway and jmcp.hub.monitoring have, with their labels."""
    found: dict[str, set[str]] = {name: set(labels) for name, labels in OF_OTHERS.items()}
    # As JupyterHub's own module declares them, and as its metrics are labelled.
    for metric in vars(hub_metrics).values():
        if hasattr(metric, "_labelnames") and metric._name.startswith("jupyterhub_"):
            for suffix in ("", "_total", "_count", "_sum", "_bucket"):
                found[f"{metric._name}{suffix}"] = set(metric._labelnames)
    settings = GatewaySettings.from_environment(
        {
            "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:9100",
            "JUPYTERHUB_SERVICE_PREFIX": "/services/jmcp/",
            "JUPYTERHUB_SERVICE_NAME": "jmcp",
            "JUPYTERHUB_API_URL": given["JUPYTERHUB_API_URL"],
            "JUPYTERHUB_CLIENT_ID": "service-jmcp",
            "JUPYTERHUB_API_TOKEN": "token",
            "JMCP_GATEWAY_STATE": str(tmp_path),
        }
    )
    measures = Gateway(settings).measures
    measures.start("ready")
    measures.request(user="ada", method="GET", path="/mcp", outcome="ok", seconds=1)
    collectors: Iterable[Collector] = (
        measures,
        HubCollector(MetricsSettings.from_environment(given)),
    )
    for collector in collectors:
        for family in collector.collect():
            found.setdefault(family.name, set())
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    # Asked of a Hub that does not answer; its own test sees them.
    found["jmcp_hub_servers"] = {"state"}
    found["jmcp_hub_server_mean_age_seconds"] = found["jmcp_hub_places_free"] = set()
    found["jmcp_hub_server_memory_ratio"] = {"server"}
    return found


def test_each_metric_that_is_asked_for_is_there_with_its_labels(
    given: dict[str, str], tmp_path: Path
) -> None:
    there = exposed(given, tmp_path)
    asked = [one for expression in EXPRESSIONS for one in used(expression)]
    assert {one.name for one in asked} <= set(there)
    for one in asked:
        assert one.labels <= there[one.name] | ADDED, one
    assert {"jmcp_gateway_requests_total", "jupyterhub_active_users", "jmcp_hub_servers"} <= {
        one.name for one in asked
    }


def test_the_outcomes_that_count_as_errors_are_outcomes() -> None:
    outcomes = re.findall(r'outcome=~"([^"]+)"', alerts()["JmcpGatewayErrors"]["expr"])
    sources = "".join(
        path.read_text() for path in (CHECKOUT / "jmcp" / "hub").rglob("*.py")
    ) + repr(CODES)
    for outcome in {word for text in outcomes for word in text.split("|")} - {"http_5.."}:
        assert re.search(rf"[\"']{outcome}[\"']", sources), outcome


def test_the_promised_alerts_and_the_seven_numbers_are_there() -> None:
    thresholds = {
        "JmcpMemoryHigh": "> 0.80",
        "JmcpMemoryCritical": "> 0.90",
        "JmcpDiskHigh": "> 0.85",
        "JmcpStartsFail": "[1h])) > 5",
        "JmcpNoRoomForAServer": "< 1",
        "JmcpNoPlaceholderReady": "< 1",
        "JmcpServerNearItsMemory": "> 0.9",
        "JmcpGatewayErrors": "> 0.05",
        "JmcpCapacityRefusals": "> 0",
    }
    for name, threshold in thresholds.items():
        assert threshold in alerts()[name]["expr"], name
    for rule in alerts().values():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert set(rule["annotations"]) == {"summary", "description"}
    titles = {panel["title"] for panel in panels()}
    seven = {"Active servers", "Idle servers", "Memory", "Disk", "Room for servers"}
    assert seven | {"Mean age of servers", "Failed starts, last hour"} <= titles
    # Each alert is tried, but for those that need a day's worth of a histogram.
    tried = (PROMETHEUS / "rules.test.yml").read_text()
    assert {name for name in alerts() if name not in tried} == {"JmcpStartsSlow", "JmcpGatewaySlow"}


@thorough
def test_promtool_takes_rules_and_tries_them() -> None:
    promtool = program("promtool", "Debian's prometheus")
    for arguments in (
        ("check", "rules", "rules.yml"),
        ("test", "rules", "rules.test.yml"),
        ("check", "config", "--syntax-only", "prometheus.yml"),
    ):
        done = subprocess.run(
            [promtool, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
