"""A named token inside of Jupyter: it opens jmcp there, and nothing of Jupyter's own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jupyter_server.auth.authorizer import AllowAllAuthorizer, Authorizer
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.serverapp import ServerApp
from tornado.web import RequestHandler

from jmcp.core.calls.principal import Scope
from jmcp.state.named_tokens import NamedTokens
from jmcp.transport.jupyter_bridge import BridgeHandler
from tests.jupyter_process import TOKEN, StartJupyter
from tests.surfaces.contract.surfaces import TLS

METHODS = ("GET", "POST", "PUT", "DELETE")
FILLINGS = ("/x", "x", "0-0-0-0-0", "robots.txt", "favicon.ico", "restart", "lab", "")
GROUP = re.compile(r"\((?:\?P<\w+>|\?:)?(?:[^()]|\([^()]*\)|\((?:[^()]|\([^()]*\))*\))*\)[?*+]?")


class Locked(AllowAllAuthorizer):
    """An authorizer that a site has put in, although this one refuses nothing."""


class HubLike(IdentityProvider):
    """Somebody else says who people are, as on a JupyterHub."""

    async def get_user(self, handler: RequestHandler) -> User | None:
        given = handler.request.headers.get("Authorization", "")
        return User(username="ada") if given == "token from-the-hub" else None


@pytest.fixture
def tokens(jupyter_home: Path) -> NamedTokens:
    return NamedTokens(Path(os.environ["XDG_CONFIG_HOME"]) / "jmcp")


def created(tokens: NamedTokens, scope: Scope = "admin") -> dict[str, str]:
    """Headers with a token of that scope."""
    return {"Authorization": f"Bearer {tokens.create(scope, (scope,), None)}"}


def client(server: ServerApp, headers: dict[str, str] | None = None) -> httpx2.AsyncClient:
    url = f"http://127.0.0.1:{server.port}{server.base_url.rstrip('/')}"
    return httpx2.AsyncClient(base_url=url, headers=headers or {}, timeout=60, verify=TLS)


def patterns(router: Any) -> Iterator[re.Pattern[str]]:
    """What routes to handlers that are not jmcp's, also those of extensions."""
    for rule in router.rules:
        if hasattr(rule.target, "rules"):
            yield from patterns(rule.target)
        elif not (isinstance(rule.target, type) and issubclass(rule.target, BridgeHandler)):
            yield rule.matcher.regex


def path_for(pattern: re.Pattern[str]) -> str:
    """One of the paths that a pattern matches."""
    text = pattern.pattern.rstrip("$")
    for fillings in product(FILLINGS, repeat=len(GROUP.findall(text))):
        path = text
        for filling in fillings:
            path = GROUP.sub(filling, path, count=1)
        path = path.replace(".*", "x").replace("\\", "").replace("?", "")
        if path.startswith("/") and pattern.match(path):
            return path
    raise AssertionError(f"no path for {pattern.pattern}")


async def test_it_opens_what_is_jmcps(jupyter: StartJupyter, tokens: NamedTokens) -> None:
    server = await jupyter(collaboration=False, extensions=["jmcp"])
    reader = created(tokens, "read")
    async with client(server, reader) as http:
        listed = (await http.get("/mcp/tools/list")).json()
        assert "read_cell" in [entry["name"] for entry in listed["tools"]]
        assert "execute_code" not in [entry["name"] for entry in listed["tools"]]
        assert (await http.get("/jmcp/v1/kernels")).status_code == 200
        # Without a cookie and so without what protects those.
        refused = await http.post(
            "/jmcp/v1/sessions", json={"notebook_path": "new.ipynb", "mode": "create"}
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
        tokens.remove("read")
        assert (await http.get("/jmcp/v1/kernels")).status_code == 401


async def test_its_sessions_are_not_those_of_jupyters_token(
    jupyter: StartJupyter, tokens: NamedTokens
) -> None:
    server = await jupyter(collaboration=False, extensions=["jmcp"])
    path = {"notebook_path": "new.ipynb", "mode": "create"}
    async with (
        client(server, {"Authorization": f"token {TOKEN}"}) as operator,
        client(server, created(tokens)) as agent,
    ):
        opened = (await operator.post("/jmcp/v1/sessions", json=path)).json()
        url = f"/jmcp/v1/sessions/{opened['session_id']}/notebook"
        assert (await operator.get(url)).status_code == 200
        refused = await agent.get(url)
        assert (refused.status_code, refused.json()["code"]) == (404, "session_not_found")


REFUSED = {401, 403}
"""To who has no token, and to who has one that is not for a person's page."""


async def test_it_opens_nothing_of_jupyters_own(jupyter: StartJupyter, tokens: NamedTokens) -> None:
    server = await jupyter(extensions=["jmcp", "jupyterlab", "jupyter_server_terminals"])
    own = {path_for(pattern) for pattern in patterns(server.web_app.default_router)}
    own = {path for path in own if "licenses" not in path}  # never answers who has no token
    assert len(own) > 50
    for known in ("/api/contents", "/api/kernels", "/api/sessions", "/api/me", "/api/shutdown"):
        assert any(path.startswith(known) for path in own), known
    token = created(tokens)["Authorization"].removeprefix("Bearer ")
    url, header = {"token": token}, {"Authorization": f"token {token}"}
    async with client(server) as http:
        for path in own:
            for method in METHODS:
                anonymous = await http.request(method, path)
                named = await http.request(method, path, headers=header)
                answers = {named.status_code, anonymous.status_code}
                assert len(answers) == 1 or answers == REFUSED, (method, path)
            anonymous, named = await http.get(path), await http.get(path, params=url)
            assert named.status_code == anonymous.status_code, path
        assert (await http.get("/jmcp/v1/kernels", params=url)).status_code == 401


async def test_beside_a_cookie_the_token_is_who_calls(
    jupyter: StartJupyter, tokens: NamedTokens
) -> None:
    server = await jupyter(collaboration=False, extensions=["jmcp"])
    async with client(server) as browser:
        await browser.get(f"/login?token={TOKEN}")
        body = {"tool_name": "execute_code", "arguments": {"code": "1"}}
        answer = await browser.post("/mcp/tools/call", json=body, headers=created(tokens, "read"))
        assert answer.json()["code"] == "not_permitted"
        answer = await browser.get("/jmcp/v1/kernels", headers={"Host": "evil.example"})
        assert answer.status_code == 421


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ({"authorizer_class": Locked}, f"token {TOKEN}"),
        ({"identity_provider_class": HubLike}, "token from-the-hub"),
    ],
    ids=["authorizer", "identity provider"],
)
async def test_where_somebody_else_decides_who_comes_in_it_opens_nothing(
    jupyter: StartJupyter, tokens: NamedTokens, given: dict[str, type], known: str
) -> None:
    server = await jupyter(collaboration=False, extensions=["jmcp"], ServerApp=given)
    async with client(server, {"Authorization": known}) as http:
        assert (await http.get("/jmcp/v1/kernels")).status_code == 200
    async with client(server, created(tokens)) as http:
        assert (await http.get("/jmcp/v1/kernels")).status_code == 401


class Nobody(IdentityProvider):
    """Knows nobody, whatever token they have."""

    async def get_user(self, handler: Any) -> None:
        return None


class Closed(Authorizer):
    """Allows nothing to anybody."""

    def is_authorized(self, *_: Any) -> bool:
        return False


@pytest.mark.parametrize(
    ("given", "status"),
    [({"identity_provider_class": Nobody}, 401), ({"authorizer_class": Closed}, 403)],
    ids=["identity provider", "authorizer"],
)
async def test_jupyters_token_opens_nothing_that_somebody_else_refuses(
    jupyter: StartJupyter, given: dict[str, type], status: int
) -> None:
    server = await jupyter(collaboration=False, extensions=["jmcp"], ServerApp=given)
    async with client(server, {"Authorization": f"token {TOKEN}"}) as http:
        answer = await http.get("/jmcp/v1/kernels")
        assert (answer.status_code, answer.headers["Content-Type"]) == (
            status,
            "application/problem+json",
        )
