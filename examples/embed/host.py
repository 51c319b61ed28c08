"""A platform with jmcp's workbench and JupyterLab in its page: a server of another origin.

Its backend has jmcp's token and asks with it for a ticket for each frame. The browser gets the tickets,
each of which is good once and for a minute, and never the token. Needs nothing but Python.
"""

from __future__ import annotations

import json
import os
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

JMCP = os.environ.get("JMCP_URL", "http://127.0.0.1:8888").rstrip("/")
PORT = int(os.environ.get("HOST_PORT", "8090"))
FRAMES = {"workbench": "/jmcp/workbench", "lab": "/lab"}
SECONDS = 30
FOLDER = Path(__file__).parent
FILES = {"/": ("page.html", "text/html"), "/page.js": ("page.js", "text/javascript")}
ORIGIN = f"{urlsplit(JMCP).scheme}://{urlsplit(JMCP).netloc}"
POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; "
    f"frame-src {ORIGIN}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def token() -> str:
    """The token of jmcp: in a variable, or where jmcp keeps it for this user."""
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return os.environ.get("JMCP_TOKEN") or (folder / "jmcp" / "token").read_text().strip()


def ticket_url(page: str) -> str:
    """A URL that lets one browser in, once. Raises OSError."""
    asked = Request(
        f"{JMCP}/jmcp/v1/tickets",
        data=json.dumps({"next": page}).encode(),
        headers={"Authorization": f"Bearer {token()}", "Content-Type": "application/json"},
    )
    with urlopen(asked, timeout=SECONDS) as answer:
        return str(json.load(answer)["url"])


class Host(BaseHTTPRequestHandler):
    """The platform. A real one would have its own login in front of all of this."""

    def do_GET(self) -> None:
        name, kind = FILES.get(self.path, ("", ""))
        if not name:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self._answer(HTTPStatus.OK, (FOLDER / name).read_bytes(), kind)

    def do_POST(self) -> None:
        """The URL of a frame, for this platform's own page alone."""
        page = FRAMES.get(self.path.removeprefix("/frames/"))
        own = f"http://{self.headers.get('Host', '')}"
        if page is None or self.headers.get("Origin") != own:
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        try:
            body, status = {"url": ticket_url(page)}, HTTPStatus.CREATED
        except HTTPError as error:
            body, status = {"error": error.read().decode()}, HTTPStatus.BAD_GATEWAY
        except (URLError, OSError) as error:
            body, status = {"error": str(error)}, HTTPStatus.BAD_GATEWAY
        self._answer(status, json.dumps(body).encode(), "application/json")

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", PORT), Host) as server:
        sys.stdout.write(f"Host page  http://127.0.0.1:{server.server_port}/\n")
        sys.stdout.flush()
        server.serve_forever()
