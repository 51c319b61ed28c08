"""The paths of OAuth on a Jupyter Server at the root of its address: 404, instead of its login page.

Where users of an OpenID provider come in, the metadata of that are here, at the root or below base_url.
"""

from __future__ import annotations

import json
import re

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler

from jmcp.transport.jupyter_identity import Host
from jmcp.transport.oauth.answers import elsewhere
from jmcp.transport.oauth.settings import MCP, METADATA, metadata
from jmcp.transport.oauth_discovery import ENDPOINTS, NO_OAUTH
from jmcp.transport.problems import MEDIA_TYPE, problem_body

PATTERNS = (r"/\.well-known/oauth-[^/]+(?:/.*)?", r"/\.well-known/openid-[^/]+(?:/.*)?", *ENDPOINTS)
"""Not all below /.well-known, which is everybody's."""

METADATA_PATTERNS = (rf"{re.escape(METADATA)}(?:{MCP})?",)
"""Below a base_url the others belong to whoever is at the root."""


class DiscoveryHandler(JupyterHandler):
    """Answers anybody with the metadata, or that there is no OAuth."""

    def initialize(self, host: Host) -> None:
        self._host = host

    def check_host(self) -> bool:
        """Checks nothing: a proxy in front has a name that Jupyter may not know."""
        return True

    def check_xsrf_cookie(self) -> None:
        """Checks nothing: nothing is done here."""

    @allow_unauthenticated
    async def get(self, *_: str) -> None:
        oauth, host = await self._host.login(), self.request.headers.get("Host", "")
        if oauth is not None and self.request.path.endswith((METADATA, f"{METADATA}{MCP}")):
            self.set_header("Content-Type", "application/json")
            self.finish(json.dumps(metadata(oauth.settings, host)))
            return
        body = problem_body(404, NO_OAUTH) if oauth is None else elsewhere(oauth.settings, host)
        self.set_status(404)
        self.set_header("Content-Type", MEDIA_TYPE)
        self.finish(json.dumps(body))

    head = post = get
