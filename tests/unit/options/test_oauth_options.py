"""The options of OAuth need each other, and are refused where they mean nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from jmcp.cli import commands, serve
from jmcp.core.errors import ServeError
from jmcp.hosting import embedded_lab, extension, standalone
from jmcp.hosting.oauth import oauth_settings
from jmcp.options.oauth_options import SECRET_VARIABLE
from jmcp.options.serve_options import OAuthOptions
from jmcp.transport.oauth.settings import OAuthSettings

ISSUER = "https://login.example.org/realms/x"
ALLOWED = ("--oauth-issuer", ISSUER, "--oauth-allow", "email=*@example.org")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in os.environ:
        if name.startswith(("JMCP_", "JUPYTER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "jmcp").mkdir()
    return tmp_path / "jmcp"


def decided(monkeypatch: pytest.MonkeyPatch, *given: str) -> OAuthOptions | None:
    found: list[Any] = []
    monkeypatch.setattr(embedded_lab, "serve", found.append)
    monkeypatch.setattr(standalone, "serve", found.append)
    serve.run(commands.parser().parse_args(["serve", *given]))
    oauth: OAuthOptions | None = found[0].oauth
    return oauth


@pytest.mark.parametrize("place", [(), ("--jupyter-url", "http://127.0.0.1:1/")])
def test_both_servers_get_them_and_no_kernel_the_secret(
    monkeypatch: pytest.MonkeyPatch, place: tuple[str, ...]
) -> None:
    assert decided(monkeypatch, *place) is None
    monkeypatch.setenv(SECRET_VARIABLE, "s3cret")
    found = decided(monkeypatch, *place, *ALLOWED, "--oauth-client-id", "jmcp")
    assert found == OAuthOptions(
        issuer=ISSUER,
        allow=("email=*@example.org",),
        resource=None,
        audience=(),
        scope=(),
        user_claim="sub",
        client_id="jmcp",
        client_secret="s3cret",
    )
    assert "s3cret" not in repr(found)
    assert SECRET_VARIABLE not in os.environ


def test_the_secret_may_be_in_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "secret").write_text("s3cret\n")
    (home / "config.toml").write_text('oauth_client_secret_file = "secret"')
    found = decided(monkeypatch, *ALLOWED, "--oauth-client-id", "jmcp")
    assert found is not None
    assert found.client_secret == "s3cret"
    for text, said in (("", "is empty"), (None, "cannot be read")):
        (home / "secret").unlink()
        if text is not None:
            (home / "secret").write_text(text)
        with pytest.raises(ServeError, match=said):
            decided(monkeypatch, *ALLOWED, "--oauth-client-id", "jmcp")
        (home / "secret").touch()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--oauth-issuer", ISSUER), "needs --oauth-allow"),
        (("--oauth-scope", "jmcp"), "--oauth-scope says something of --oauth-issuer"),
        ((*ALLOWED, "--oauth-client-id", "jmcp"), SECRET_VARIABLE),
        ((*ALLOWED, "--transport", "stdio"), "nobody logs in"),
        (
            (*ALLOWED, "--transport", "stdio", "--jupyter-url", "http://127.0.0.1:1/"),
            "nobody logs in",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ServeError, match=said):
        decided(monkeypatch, *given)


def options(**changed: Any) -> OAuthOptions:
    given: dict[str, Any] = {
        "issuer": ISSUER,
        "allow": ("sub=*",),
        "resource": None,
        "audience": (),
        "scope": (),
        "user_claim": "sub",
        "client_id": "",
        "client_secret": "",
    }
    return OAuthOptions(**given | changed)


def settings(given: OAuthOptions, host: str, root: str) -> OAuthSettings:
    found = oauth_settings(given, host, root)
    assert found is not None
    return found


def test_the_url_that_tokens_are_for() -> None:
    assert oauth_settings(None, "127.0.0.1", "http://127.0.0.1:8888") is None
    near = settings(options(), "127.0.0.1", "http://127.0.0.1:8888")
    assert near.accepted_audiences == {
        "http://127.0.0.1:8888/mcp",
        "http://localhost:8888/mcp",
    }
    behind = settings(options(), "127.0.0.1", "https://example.org/jupyter/")
    assert behind.resource == "https://example.org/jupyter/mcp"
    assert behind.accepted_audiences == {behind.resource}
    assert behind.hosts == {"example.org"}
    named = settings(options(audience=("api://jmcp",)), "127.0.0.1", "http://localhost:1")
    assert named.accepted_audiences == {"api://jmcp"}
    proxied = options(resource="https://jmcp.example.org/mcp")
    assert settings(proxied, "0.0.0.0", "http://127.0.0.1:1").resource == proxied.resource
    for host, root in (("0.0.0.0", "http://127.0.0.1:1"), ("10.0.0.7", "http://10.0.0.7:1")):
        with pytest.raises(ServeError, match="--oauth-resource"):
            settings(options(), host, root)


async def test_inside_of_somebodys_jupyter_a_variable_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """config.toml is also that of `jmcp serve`, and says nothing of Jupyter."""
    (home / "config.toml").write_text(f'oauth_issuer = "{ISSUER}"\noauth_allow = ["sub=*"]')
    async with extension.nobody():
        pass
    monkeypatch.setenv("JMCP_OAUTH_ISSUER", ISSUER)
    with pytest.raises(ServeError, match="jmcp serve --oauth-issuer"):
        async with extension.nobody():
            pass
