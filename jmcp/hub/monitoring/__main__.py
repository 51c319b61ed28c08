"""`python -m jmcp.hub.monitoring`: a service of the Hub that Prometheus asks for /metrics."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import compare_digest

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from jmcp.core.errors import ServeError
from jmcp.hub.monitoring.collector import HubCollector, MetricsSettings


class MetricsServer(ThreadingHTTPServer):
    """`token` is what a scrape has to send."""

    daemon_threads = True

    def __init__(self, settings: MetricsSettings) -> None:
        self.token = settings.token
        self.registry = CollectorRegistry()
        self.registry.register(HubCollector(settings))
        super().__init__((settings.host, settings.port), Scrape)


class Scrape(BaseHTTPRequestHandler):
    """One request."""

    server: MetricsServer

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics":
            return self.answer(404, b"There is /metrics and nothing else.\n")
        sent = self.headers.get("Authorization", "").encode()
        if not compare_digest(sent, f"Bearer {self.server.token}".encode()):
            return self.answer(401, b"Send the token in JMCP_METRICS_TOKEN as a bearer token.\n")
        encode, media_type = choose_encoder(self.headers.get("Accept", ""))
        return self.answer(200, encode(self.server.registry), media_type)

    def answer(self, status: int, content: bytes, media_type: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its own name
        """Prometheus asks every few seconds; nobody reads that."""


def main() -> None:
    try:
        server = MetricsServer(MetricsSettings.from_environment())
    except ServeError as error:
        sys.exit(str(error))
    with server:
        server.serve_forever()


if __name__ == "__main__":
    main()
