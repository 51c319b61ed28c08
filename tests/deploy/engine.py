"""An engine that answers Docker's REST API as far as a spawner asks, and notes what it was told to make."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

VERSION = "1.47"
SERVICES = {"c-hub": "hub", "c-proxy": "proxy"}
SECONDS = 30


class Engine:
    """`networks` and `containers` are what there is, by id. `created` are all bodies of containers."""

    def __init__(self) -> None:
        self.networks: dict[str, dict[str, Any]] = {}
        self.containers: dict[str, dict[str, Any]] = {}
        self.created: list[dict[str, Any]] = []
        self.starts: Callable[..., Any] = self._start
        self._routes: list[tuple[str, str, Callable[..., Any]]] = [
            ("GET", r"/networks", self._list_networks),
            ("GET", r"/networks/([\w-]+)", self._network),
            ("POST", r"/networks/create", self._create_network),
            ("POST", r"/networks/([\w-]+)/connect", self._connect),
            ("POST", r"/networks/([\w-]+)/disconnect", self._disconnect),
            ("DELETE", r"/networks/([\w-]+)", self._remove_network),
            ("GET", r"/containers/json", self._list_containers),
            ("GET", r"/containers/([\w-]+)/json", self._container),
            ("POST", r"/containers/create", self._create),
            ("POST", r"/containers/([\w-]+)/start", lambda *told: self.starts(*told)),
            ("POST", r"/containers/([\w-]+)/stop", self._stop),
            ("DELETE", r"/containers/([\w-]+)", self._remove),
            ("GET", r"/images/.*/json", lambda _: (200, {"Id": "image"})),
        ]

    def answer(self, method: str, url: str, body: Any) -> tuple[int, Any]:
        parts = urlsplit(url)
        path = parts.path.removeprefix(f"/v{VERSION}")
        self._query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        for wanted, pattern, run in self._routes:
            if wanted == method and (match := re.fullmatch(pattern, path)):
                answer: tuple[int, Any] = run(body, *match.groups())
                return answer
        return 500, {"message": f"not asked before: {method} {path}"}

    def _labels(self) -> list[list[str]]:
        filters = json.loads(self._query.get("filters", "{}"))
        return [label.split("=", 1) for label in filters.get("label", ())]

    def _list_networks(self, _: Any) -> tuple[int, Any]:
        wanted = self._labels()
        found = [
            network
            for network in self.networks.values()
            if all(network["Labels"].get(name) == value for name, value in wanted)
        ]
        return 200, found

    def _network(self, _: Any, name: str) -> tuple[int, Any]:
        return 200, self.networks[name]

    def _create_network(self, body: Any) -> tuple[int, Any]:
        made = {"Id": f"n{len(self.networks)}", "Containers": {}, **body}
        self.networks[made["Id"]] = made
        return 201, {"Id": made["Id"]}

    def _connect(self, body: Any, name: str) -> tuple[int, Any]:
        self.networks[name]["Containers"][body["Container"]] = body["EndpointConfig"]
        return 200, {}

    def _disconnect(self, body: Any, name: str) -> tuple[int, Any]:
        del self.networks[name]["Containers"][body["Container"]]
        return 200, {}

    def _remove_network(self, _: Any, name: str) -> tuple[int, Any]:
        assert not self.networks[name]["Containers"]
        del self.networks[name]
        return 204, None

    def _list_containers(self, _: Any) -> tuple[int, Any]:
        service = dict(self._labels())["com.docker.compose.service"]
        return 200, [{"Id": one} for one, of in SERVICES.items() if of == service]

    def _container(self, _: Any, name: str) -> tuple[int, Any]:
        for one in self.containers.values():
            if name in (one["Id"], one["Name"]):
                return 200, one
        return 404, {"message": f"No such container: {name}"}

    def _create(self, body: Any) -> tuple[int, Any]:
        self.created.append(body)
        one = {
            "Id": f"c{len(self.created)}",
            "Name": self._query["name"],
            "State": {"Running": False},
            "Config": {"Env": body["Env"]},
            "NetworkSettings": {"Networks": {}},
            "HostConfig": body["HostConfig"],
        }
        self.containers[one["Id"]] = one
        return 201, {"Id": one["Id"]}

    def _start(self, _: Any, name: str) -> tuple[int, Any]:
        one = self.containers[name]
        one["State"]["Running"] = True
        network = one["HostConfig"]["NetworkMode"]
        (found,) = [it for it in self.networks.values() if it["Name"] == network]
        found["Containers"][one["Id"]] = {}
        one["NetworkSettings"]["Networks"][network] = {"IPAddress": "10.201.0.4"}
        return 204, None

    def _stop(self, _: Any, name: str) -> tuple[int, Any]:
        self.containers[name]["State"]["Running"] = False
        for network in self.networks.values():
            network["Containers"].pop(name, None)
        return 204, None

    def _remove(self, _: Any, name: str) -> tuple[int, Any]:
        del self.containers[name]
        return 204, None


@contextmanager
def running(engine: Engine) -> Iterator[str]:
    """Its address, as DOCKER_HOST has it."""

    class Answer(BaseHTTPRequestHandler):
        def answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            status, content = engine.answer(self.command, self.path, body)
            data = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 # http.server calls them so

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as site:
        serving = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield f"tcp://127.0.0.1:{site.server_address[1]}"
        finally:
            site.shutdown()
            serving.join(SECONDS)
