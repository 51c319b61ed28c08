"""Which pages may show the Hub's own, and those of users' servers, in a frame."""

from __future__ import annotations

from collections.abc import Sequence

from traitlets.config import Config

from jmcp.hub.configuration.given import ConfigurationConflict, given

HEADER = "Content-Security-Policy"
DIRECTIVE = "frame-ancestors"


def put_ancestors(c: Config, origins: Sequence[str]) -> None:
    """Let pages of these origins frame the Hub's: its login, and the progress of a start. Raises
    ConfigurationConflict."""
    if not origins:
        return
    settings = dict(given(c, "JupyterHub", "tornado_settings", {}))
    headers = dict(settings.get("headers") or {})
    name = next((one for one in headers if one.lower() == HEADER.lower()), HEADER)
    headers[name] = _allowing(str(headers.get(name, "")), origins)
    c.JupyterHub.tornado_settings = settings | {"headers": headers}


def ancestors_of(policy: str) -> set[str] | None:
    """What a policy says of frames; None for nothing."""
    for part in policy.split(";"):
        words = part.split()
        if words and words[0].lower() == DIRECTIVE:
            return {*words[1:]}
    return None


def _allowing(policy: str, origins: Sequence[str]) -> str:
    found = ancestors_of(policy)
    wanted = f"{DIRECTIVE} {' '.join(origins)}"
    if found is None:
        return "; ".join(part for part in (policy.rstrip("; "), wanted) if part)
    if missing := [one for one in origins if one not in found]:
        raise ConfigurationConflict(
            f"c.JupyterHub.tornado_settings has a {HEADER} whose {DIRECTIVE} lacks "
            f"{' '.join(missing)}: add it there, or call configure with frames=False"
        )
    return policy
