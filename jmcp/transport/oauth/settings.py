"""Which provider's tokens are taken, whose, and what this server is called in them.

This module loads while Jupyter starts, so it imports neither the MCP SDK nor a library of JWTs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from jmcp.core.loopback import is_loopback
from jmcp.transport.oauth.allowed import Rule

MCP = "/mcp"
METADATA = "/.well-known/oauth-protected-resource"
LOGIN = "/jmcp/login"
CALLBACK = f"{LOGIN}/callback"
LOGIN_COOKIE = "jmcp-login"
SAME_HOST = ("127.0.0.1", "localhost")
"""Names that a client on this machine may call a server on its loopback interface by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthSettings:
    """`issuer` is exactly as its tokens say it. `resource` is the URL of MCP here as clients have it.

    `allowed` says who comes in, of all to whom the issuer gives tokens: whoever meets one rule.
    `audiences` are what tokens call this server; empty: by its URL. `scopes` are what each token must
    have. `user_claim` tells people apart. `client_id` and `client_secret` are with which the provider
    is asked about opaque tokens; empty: those are refused.
    """

    issuer: str
    resource: str
    allowed: tuple[Rule, ...]
    audiences: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ()
    user_claim: str = "sub"
    client_id: str = ""
    client_secret: str = field(default="", repr=False)

    @property
    def resources(self) -> dict[str, str]:
        """The URLs of MCP here by host and port: on the loopback interface a client may use another
        name of it, and asks for tokens for the URL that it uses."""
        parts = urlsplit(self.resource)
        if not is_loopback(parts.hostname or ""):
            return {parts.netloc.lower(): self.resource}
        port = f":{parts.port}" if parts.port else ""
        hosts = dict.fromkeys((parts.netloc.lower(), *(f"{name}{port}" for name in SAME_HOST)))
        return {host: parts._replace(netloc=host).geturl() for host in hosts}

    @property
    def hosts(self) -> frozenset[str]:
        """The names under which clients reach this server, without a port."""
        return frozenset({urlsplit(self.resource).hostname or ""})

    @property
    def accepted_audiences(self) -> frozenset[str]:
        return self.audiences or frozenset(self.resources.values())


def resource_at(settings: OAuthSettings, host: str) -> str:
    """The URL of MCP here for a client that sent that Host header."""
    return settings.resources.get(host.lower(), settings.resource)


def metadata_url(settings: OAuthSettings, host: str) -> str:
    """Where that client finds the metadata below."""
    root = resource_at(settings, host).removesuffix(MCP)
    return f"{root}{METADATA}{MCP}"


def metadata(settings: OAuthSettings, host: str) -> dict[str, object]:
    """The protected resource metadata (RFC 9728) for a client that sent that Host header."""
    said: dict[str, object] = {
        "resource": resource_at(settings, host),
        "authorization_servers": [settings.issuer],
        "bearer_methods_supported": ["header"],
        "resource_name": "jmcp",
    }
    if settings.scopes:
        said["scopes_supported"] = [*settings.scopes]
    return said


def is_metadata(path: str) -> bool:
    """Whether a URL path below the server's root is one of those of that metadata."""
    return path in (METADATA, f"{METADATA}{MCP}")


def challenge(
    settings: OAuthSettings, host: str, *, error: str | None = None, description: str | None = None
) -> str:
    """The WWW-Authenticate header (RFC 6750, RFC 9728) for a client that sent that Host header."""
    parts = ['realm="jmcp"', f'resource_metadata="{metadata_url(settings, host)}"']
    if settings.scopes:
        parts.append(f'scope="{" ".join(settings.scopes)}"')
    if error is not None:
        parts.append(f'error="{error}"')
    if description is not None:
        parts.append(f'error_description="{_quotable(description)}"')
    return f"Bearer {', '.join(parts)}"


def _quotable(text: str) -> str:
    """The text in the characters that RFC 6750 allows there."""
    return "".join(one if " " <= one <= "~" and one not in '"\\' else "'" for one in text)
