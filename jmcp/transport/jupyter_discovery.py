"""The paths of OAuth on a Jupyter Server at the root of its address: 404, instead of its login page."""

from __future__ import annotations

import json

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler

from jmcp.transport.oauth_discovery import ENDPOINTS, NO_OAUTH
from jmcp.transport.problems import MEDIA_TYPE, problem_body

PATTERNS = (r"/\.well-known/oauth-[^/]+(?:/.*)?", r"/\.well-known/openid-[^/]+(?:/.*)?", *ENDPOINTS)
"""Not all below /.well-known, which is everybody's."""


class DiscoveryHandler(JupyterHandler):
    """Answers anybody that there is no OAuth."""

    def check_xsrf_cookie(self) -> None:
        """Checks nothing: nothing is done here."""

    @allow_unauthenticated
    async def get(self, *_: str) -> None:
        self.set_status(404)
        self.set_header("Content-Type", MEDIA_TYPE)
        self.finish(json.dumps(problem_body(404, NO_OAUTH)))

    head = post = get
