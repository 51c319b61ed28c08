"""How a JupyterHub that runs answers, seen from outside with one token."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
from packaging.version import Version

from jmcp.doctor.finding import Check, Finding, problem, warning
from jmcp.doctor.hub.configured import CALL, OLDEST_HUB, version_finding
from jmcp.hub.configuration.culling import culler_of
from jmcp.hub.configuration.frames import HEADER, ancestors_of

ANSWER_SECONDS = 3.0
CLOCK_SECONDS = 30.0
"""Tickets and tokens are good for a minute and more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningHub:
    """`url` is where people reach the Hub, with its path and without a slash at the end. `gateway` is
    the gateway's own URL, where that has another host."""

    url: str
    token: str = field(repr=False)
    service: str
    gateway: str

    def checks(self) -> dict[str, Check]:
        checks: dict[str, Check] = {
            "gateway runs": self.reachable,
            "well-known": self.well_known,
            "token": self.rights,
            "services": self.services,
            "frames": self.frames,
            "TLS": self.tls,
            "your server": self.own_server,
        }
        answered = {name: self._answered(name, one) for name, one in checks.items()}
        return {"JupyterHub runs": self.hub, **answered}

    def _answered(self, about: str, check: Check) -> Check:
        """That check. Where nobody answers it is silent, as the first check tells of the Hub."""

        async def checked() -> Sequence[Finding]:
            try:
                return await check()
            except httpx2.TransportError as error:
                url = str(error.request.url)
                if urlsplit(url).netloc == urlsplit(self.url).netloc:
                    return []
                fact = f"nothing answers at {url} ({type(error).__name__})"
                return [problem(about, fact, "give the gateway's own address as --gateway-url")]

        return checked

    async def hub(self) -> Sequence[Finding]:
        about = "JupyterHub runs"
        try:
            answer = await self._get(f"{self.url}/hub/api/")
        except httpx2.TransportError as error:
            fact = f"nothing answers at {self.url} ({type(error).__name__})"
            return [problem(about, fact, "give its public URL, with its path, as --url")]
        found = str(_json(answer).get("version", ""))
        if not found:
            fact = f"{self.url}/hub/api/ answers with status {answer.status_code}, and not as a Hub"
            return [problem(about, fact, "give its public URL, with its path, as --url")]
        findings = [Finding(about=about, fact=f"version {found}")]
        if Version(found) < OLDEST_HUB:
            fact = f"version {found} is older than {OLDEST_HUB}"
            findings = [problem(about, fact, "upgrade JupyterHub")]
        if date := answer.headers.get("Date"):
            apart = abs(parsedate_to_datetime(date).timestamp() - time.time())
            if apart > CLOCK_SECONDS:
                fact = f"its clock and this machine's are {apart:.0f} s apart"
                findings.append(warning(about, fact, "let both set their clocks by the network"))
        return findings

    async def reachable(self) -> Sequence[Finding]:
        about = "gateway runs"
        answer = await self._get(f"{self.gateway}/health")
        health = _json(answer)
        if answer.status_code != 200 or "version" not in health:
            fact = f"{self.gateway}/health answers with status {answer.status_code}"
            remedy = "look into the Hub's log for the service, and for the address where it listens"
            return [problem(about, fact, remedy)]
        return [version_finding(about, str(health["version"]), "install jmcp[hub] there")]

    async def well_known(self) -> Sequence[Finding]:
        parts = urlsplit(self.gateway)
        origin = f"{parts.scheme}://{parts.netloc}"
        wanted = {
            "oauth-protected-resource": (f"{parts.path}/mcp", "resource", f"{self.gateway}/mcp"),
            "oauth-authorization-server": (parts.path, "issuer", self.gateway),
        }
        found = []
        for name, (tail, key, value) in wanted.items():
            url = f"{origin}/.well-known/{name}{tail}"
            answer = await self._get(url)
            said = _json(answer).get(key)
            if answer.status_code != 200 or said is None:
                fact = (
                    f"{url} answers with status {answer.status_code}, so that clients find no login"
                )
                remedy = f"{CALL}; a proxy in front has to pass /.well-known/ on"
                found.append(problem("well-known", fact, remedy))
            elif str(said).rstrip("/") != value:
                fact = f"{url} says {said}, and clients reach {value}"
                found.append(problem("well-known", fact, "set public_url= to what clients reach"))
        return found or [Finding(about="well-known", fact="both documents answer at the root")]

    async def rights(self) -> Sequence[Finding]:
        about = "token"
        if not self.token:
            fact = "none in JMCP_HUB_TOKEN or JUPYTERHUB_API_TOKEN, so that less is looked at"
            return [warning(about, fact, "make one at /hub/token")]
        answer = await self._get(f"{self.url}/hub/api/user")
        if answer.status_code != 200:
            return [problem(about, "the Hub does not know it", "make one at /hub/token")]
        user = _json(answer)
        scopes = {*user.get("scopes", ())}
        if "access:servers" in scopes and not user.get("admin") and user.get("kind") == "user":
            fact = f"{user['name']} is no administrator, and reaches all users' servers"
            remedy = "look for access:servers without a filter in c.JupyterHub.load_roles"
            return [problem(about, fact, remedy)]
        wanted = ("access:services", f"access:services!service={self.service}")
        if scopes.isdisjoint(wanted):
            fact = f"it does not open the gateway: it lacks {wanted[1]}"
            return [problem(about, fact, f"{CALL}, or make a token with that scope")]
        return [Finding(about=about, fact=f"of {user['name']}, opens the gateway")]

    async def services(self) -> Sequence[Finding]:
        answer = await self._get(f"{self.url}/hub/api/services")
        if answer.status_code != 200:
            fact = "this token may not list services, so that the culler is not looked for"
            return [warning("services", fact, "use an administrator's token, or --config")]
        services = [dict(one) for one in _json(answer).values()]
        found = [Finding(about="services", fact=", ".join(sorted(one["name"] for one in services)))]
        if self.service not in {one["name"] for one in services}:
            found.append(problem("services", f"there is no service {self.service}", CALL))
        if culler_of(services) is None:
            fact = "nothing stops servers that nobody uses"
            found.append(warning("services", fact, f"{CALL}, with idle_minutes=30"))
        return found

    async def frames(self) -> Sequence[Finding]:
        answer = await self._get(f"{self.url}/hub/login")
        allowed = ancestors_of(answer.headers.get(HEADER, ""))
        if allowed is None:
            fact = "the Hub's pages say nothing of frames: any site can show its login in one"
            return [problem("frames", fact, CALL)]
        if any("*" in one for one in allowed):
            fact = f"pages of any site may frame the Hub's ({' '.join(sorted(allowed))})"
            return [problem("frames", fact, "name exact origins")]
        return [Finding(about="frames", fact=f"frame-ancestors {' '.join(sorted(allowed))}")]

    async def tls(self) -> Sequence[Finding]:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme == "https" or host in ("127.0.0.1", "::1") or host.endswith("localhost"):
            return [Finding(about="TLS", fact=f"{parts.scheme}, {host}")]
        fact = f"{self.url} is not encrypted: tokens can be read on the way"
        return [problem("TLS", fact, "put TLS in front")]

    async def own_server(self) -> Sequence[Finding]:
        about = "your server"
        if not self.token:
            return []
        answer = await self._get(f"{self.url}/hub/api/user")
        name = str(_json(answer).get("name", ""))
        if not _json(answer).get("server"):
            fact = "it does not run, so that its jmcp was not looked at"
            return [warning(about, fact, "start it, and check again")]
        answer = await self._get(f"{self.url}/user/{quote(name, safe='@~')}/mcp/healthz")
        if answer.status_code == 404:
            return [version_finding(about, "", "install jmcp[lab] in its image or environment")]
        found = str(_json(answer).get("version", ""))
        if answer.status_code != 200 or not found:
            fact = f"its jmcp answers with status {answer.status_code}"
            return [problem(about, fact, "look into that server's log")]
        return [version_finding(about, found, "install jmcp[lab] there")]

    async def _get(self, url: str) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with httpx2.AsyncClient(timeout=ANSWER_SECONDS) as client:
            return await client.get(url, headers=headers, follow_redirects=False)


def _json(answer: httpx2.Response) -> dict[str, Any]:
    """The object in the body; an empty one for anything else."""
    try:
        value = answer.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
