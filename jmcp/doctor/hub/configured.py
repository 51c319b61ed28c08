"""What a configuration file of a JupyterHub says, looked over without starting anything."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packaging.version import Version
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from jmcp.doctor.finding import Check, Finding, problem, warning
from jmcp.hub.configuration.capacity import CapacityHook
from jmcp.hub.configuration.culling import culler_of
from jmcp.hub.configuration.frames import HEADER, ancestors_of
from jmcp.hub.configuration.given import effective, given
from jmcp.hub.configuration.memory import shown
from jmcp.hub.configuration.proxy import (
    DEFAULT_COMMAND,
    LEAST_MILLISECONDS,
    TIMEOUT,
    TIMEOUT_MILLISECONDS,
    is_python,
    started_by_hub,
    timeout_of,
)
from jmcp.hub.configuration.services import TOO_WIDE, WELL_KNOWN
from jmcp.hub.configuration.spawners import configured_spawner

OLDEST_HUB = Version("6.1")
"""From 6.0 on a refused start does not count as a failure of the Hub's own, and users can be given
rights without their whole role; nobody here has run an older one than 6.1."""
CALL = "call jmcp.hub.configure(c, ...) in it"
VERSION = "import importlib.metadata as m; print(m.version('jmcp'))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A configuration that has been read, and the name of the gateway's service."""

    c: Config
    service: str

    def checks(self) -> dict[str, Check]:
        found: dict[str, Callable[[], Iterable[Finding]]] = {
            "JupyterHub": self.jupyterhub,
            "gateway": self.gateway,
            "well-known": self.well_known,
            "rights": self.rights,
            "proxy": self.proxy,
            "starts": self.starts,
            "capacity": self.capacity,
            "limits": self.limits,
            "culler": self.culler,
            "frames": self.frames,
            "address": self.address,
        }
        return {
            **{name: _check(one) for name, one in found.items()},
            "users' servers": self.users_servers,
        }

    def jupyterhub(self) -> Iterator[Finding]:
        found = version("jupyterhub")
        if Version(found) < OLDEST_HUB:
            fact = f"JupyterHub {found} is older than {OLDEST_HUB}"
            yield problem("JupyterHub", fact, "pip install --upgrade 'jmcp[hub]'")
        else:
            yield Finding(about="JupyterHub", fact=f"version {found}")

    @property
    def services(self) -> list[dict[str, Any]]:
        return list(given(self.c, "JupyterHub", "services", []))

    def gateway(self) -> Iterator[Finding]:
        service = next((one for one in self.services if one.get("name") == self.service), None)
        if service is None:
            yield problem("gateway", f"there is no service {self.service}", CALL)
        elif not service.get("url"):
            yield problem("gateway", f"the service {self.service} has no url", CALL)
        else:
            starts = "the Hub starts it" if service.get("command") else "something else starts it"
            fact = f"service {self.service} at {service['url']}; {starts}"
            yield Finding(about="gateway", fact=fact)

    def well_known(self) -> Iterator[Finding]:
        base = urlsplit(given(self.c, "JupyterHub", "bind_url", "")).path
        base = str(given(self.c, "JupyterHub", "base_url", base)).strip("/")
        tail = f"/{base}/services/{self.service}/".replace("//", "/")
        routes = effective(self.c, "Proxy", "extra_routes", {})
        lacking = [
            path
            for path in WELL_KNOWN
            if not any(f"{route.rstrip('/')}/".endswith(path + tail) for route in routes)
        ]
        if lacking:
            fact = f"no route of the proxy for {lacking[0]}{tail}, where clients look for the login"
            yield problem("well-known", fact, CALL)
        else:
            yield Finding(about="well-known", fact="the proxy has a route for each document")

    def rights(self) -> Iterator[Finding]:
        c = self.c
        roles = {role["name"]: role for role in given(c, "JupyterHub", "load_roles", [])}
        user = roles.pop("user", {})
        scopes = {*user["scopes"]} if "scopes" in user else {"self"}
        if "scopes" not in user:
            scopes |= given(c, "JupyterHub", "extra_user_scopes", set())
        if wide := sorted(scopes.intersection(TOO_WIDE)):
            fact = f"the role user has {', '.join(wide)} for all servers: each user reaches every other's"
            yield problem("rights", fact, f"write {wide[0]}!user, or remove it")
        lacking = scopes.isdisjoint(("access:services", f"access:services!service={self.service}"))
        if lacking:
            fact = f"users may not reach the gateway: no access:services!service={self.service}"
            yield problem("rights", fact, CALL)
        for name, role in roles.items():
            if name != "admin" and "access:servers" in role.get("scopes", ()):
                who = [
                    f"{kind} {', '.join(map(str, role[kind]))}"
                    for kind in ("users", "groups", "services")
                    if role.get(kind)
                ]
                fact = f"the role {name} ({'; '.join(who) or 'nobody'}) reaches all users' servers"
                yield warning(
                    "rights", fact, "write access:servers!group=... where some are enough"
                )
        if not wide and not lacking:
            yield Finding(about="rights", fact="users reach their own servers, and the gateway")

    def proxy(self) -> Iterator[Finding]:
        base = "ConfigurableHTTPProxy"
        command = effective(self.c, base, "command", DEFAULT_COMMAND)
        command = [command] if isinstance(command, str) else [*command]
        if not started_by_hub(self.c):
            fact = "the Hub does not start its proxy, whose timeout cannot be seen from here"
            yield warning("proxy", fact, f"start it with {TIMEOUT}={TIMEOUT_MILLISECONDS}")
            return
        if is_python(command):
            fact = f"{command[0]} is the proxy in Python, which holds streams back until they end"
            yield problem(
                "proxy", fact, "npm install -g configurable-http-proxy, and name that one"
            )
            return
        if shutil.which(command[0]) is None:
            fact = f"{command[0]} is not there"
            yield problem("proxy", fact, "npm install -g configurable-http-proxy")
        milliseconds = timeout_of(command)
        if milliseconds is None:
            fact = f"no {TIMEOUT}: streams of a server that died stay open for ever"
            yield problem("proxy", fact, CALL)
        elif milliseconds < LEAST_MILLISECONDS:
            fact = f"{TIMEOUT}={milliseconds} ends streams that are quiet for a moment"
            yield problem("proxy", fact, f"set {TIMEOUT}={TIMEOUT_MILLISECONDS}")
        else:
            yield Finding(about="proxy", fact=f"{TIMEOUT}={milliseconds}")

    def starts(self) -> Iterator[Finding]:
        settings = given(self.c, "JupyterHub", "tornado_settings", {})
        seconds = settings.get("slow_spawn_timeout", 10)
        if seconds:
            fact = f"slow_spawn_timeout is {seconds}: starts show no progress for so long"
            yield warning("starts", fact, CALL)
        limit = given(self.c, "JupyterHub", "concurrent_spawn_limit", 100)
        if limit > 20:
            fact = f"{limit} servers may start at once, which slows down all that run"
            yield warning(
                "starts", fact, "set c.JupyterHub.concurrent_spawn_limit: two for each core"
            )
        else:
            yield Finding(about="starts", fact=f"{limit} at once, the others wait")

    def capacity(self) -> Iterator[Finding]:
        hook = effective(self.c, "Spawner", "pre_spawn_hook")
        if not isinstance(hook, CapacityHook):
            fact = "servers start without a look at the memory that is free"
            yield warning("capacity", fact, f"{CALL}, as the last of all that sets pre_spawn_hook")
            return
        limits = hook.capacity
        fact = (
            f"{limits.servers or 'any number of'} servers of {shown(limits.server_bytes)}, and "
            f"{shown(limits.reserve)} kept back"
        )
        yield Finding(about="capacity", fact=fact)

    def limits(self) -> Iterator[Finding]:
        spawner = configured_spawner(self.c)
        memory = effective(self.c, "Spawner", "mem_limit")
        if not memory:
            fact = "servers have no limit of memory: one user can take all of it"
            yield warning("limits", fact, "set memory=")
        elif spawner.limits_memory is False:
            fact = (
                f"{spawner.name} tells servers of their limit ({memory}), and does not enforce it"
            )
            remedy = "use DockerSpawner, KubeSpawner or SystemdSpawner for people who do not know each other"
            yield warning("limits", fact, remedy)
        elif spawner.limits_memory is None:
            fact = f"whether {spawner.name} enforces the limit ({memory}) is not known here"
            yield warning("limits", fact, "read its documentation on mem_limit")
        else:
            yield Finding(about="limits", fact=f"{spawner.name} enforces {memory} for each server")
        if not spawner.isolates:
            fact = f"{spawner.name} runs all servers as one user: each reads the files of all"
            yield warning("limits", fact, "use another spawner in production")

    def culler(self) -> Iterator[Finding]:
        service = culler_of(self.services)
        if service is None:
            fact = "nothing stops servers that nobody uses"
            yield warning("culler", fact, f"{CALL}, with idle_minutes=30")
            return
        roles = given(self.c, "JupyterHub", "load_roles", [])
        scopes = {
            scope
            for role in roles
            if service["name"] in role.get("services", ())
            for scope in role.get("scopes", ())
        }
        if scopes.isdisjoint(("delete:servers", "servers", "admin:servers")):
            fact = f"{service['name']} has no role that lets it stop servers"
            yield problem(
                "culler", fact, "give it delete:servers, list:users and read:users:activity"
            )
        else:
            yield Finding(about="culler", fact=f"service {service['name']}")

    def frames(self) -> Iterator[Finding]:
        headers = given(self.c, "JupyterHub", "tornado_settings", {}).get("headers") or {}
        policy = next(
            (text for name, text in headers.items() if name.lower() == HEADER.lower()), ""
        )
        allowed = ancestors_of(str(policy))
        if not allowed:
            yield Finding(about="frames", fact="no other page may frame the Hub's")
        elif any("*" in one for one in allowed):
            fact = f"pages of any site may frame the Hub's ({' '.join(sorted(allowed))})"
            yield problem("frames", fact, "name exact origins")
        elif not given(self.c, "JupyterHub", "subdomain_host", ""):
            fact = "the Hub may be framed, and all users' servers share its origin"
            yield warning("frames", fact, "set c.JupyterHub.subdomain_host, or frames=False")
        else:
            yield Finding(about="frames", fact=f"only {' '.join(sorted(allowed))}")

    def address(self) -> Iterator[Finding]:
        url = str(given(self.c, "JupyterHub", "public_url", ""))
        url = url or str(given(self.c, "JupyterHub", "subdomain_host", ""))
        host = urlsplit(url).hostname or ""
        if not url:
            fact = "no public_url: only clients on this machine find the login"
            yield warning("address", fact, "set public_url='https://...'")
        elif url.startswith("https://") or _is_local(host):
            yield Finding(about="address", fact=url)
        else:
            fact = f"{url} is not encrypted: tokens can be read on the way"
            yield problem("address", fact, "put TLS in front, and set public_url='https://...'")
        if not given(self.c, "JupyterHub", "subdomain_host", ""):
            fact = "all users' servers share one origin"
            remedy = "set c.JupyterHub.subdomain_host where users do not trust each other"
            yield warning("address", fact, remedy)

    async def users_servers(self) -> Sequence[Finding]:
        """Whether the command that starts servers has this version of jmcp beside it."""
        about = "users' servers"
        if configured_spawner(self.c).place != "process":
            fact = "they run in an environment of their own, which is not looked at from here"
            return [warning(about, fact, "check the running Hub, with --url")]
        command = effective(self.c, "Spawner", "cmd", ["jupyterhub-singleuser"])
        words = [command] if isinstance(command, str) else [*command]
        python = _python_of(words)
        if python is None:
            fact = f"{words[0]}, which starts them, is not on the PATH or runs no Python"
            return [warning(about, fact, "set c.Spawner.cmd to the whole path of it")]
        process = await asyncio.create_subprocess_exec(
            python,
            "-c",
            VERSION,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        said, _ = await process.communicate()
        return [version_finding(about, said.decode().strip(), f"{python} -m pip install jmcp[lab]")]


def configured(file: Path, service: str) -> Configured | Finding:
    """The configuration in that file, or what is wrong with it."""
    quiet = logging.getLogger("jmcp.hub.check")
    log = logging.getLogger("traitlets")
    level = log.level
    log.setLevel(logging.ERROR)  # what configure warns of is found again below
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            c = PyFileConfigLoader(file.name, path=str(file.parent.resolve())).load_config()
    except Exception as error:  # noqa: BLE001 # the file is a program, and may raise anything
        quiet.debug("The configuration cannot be read", exc_info=True)
        fact = f"{file} cannot be read: {type(error).__name__}: {error}"
        return problem("configuration", fact, "correct it there")
    finally:
        log.setLevel(level)
    return Configured(c=c, service=service)


def version_finding(about: str, found: str, remedy: str) -> Finding:
    """Whether servers have the version of jmcp that the gateway has."""
    own = version("jmcp")
    if not found:
        return problem(about, "jmcp is not installed there", remedy)
    if found != own:
        fact = f"jmcp {found} there, {own} here: they were not tested together"
        return warning(about, fact, "install one version in both")
    return Finding(about=about, fact=f"jmcp {found}, as here")


def _check(find: Callable[[], Iterable[Finding]]) -> Check:
    async def check() -> Sequence[Finding]:
        return [*find()]

    return check


def _is_local(host: str) -> bool:
    return host in ("127.0.0.1", "::1", "localhost") or host.endswith(".localhost")


def _python_of(command: Sequence[str]) -> str | None:
    """The Python that a command line runs: itself, or the one in its first line."""
    if not command or (found := shutil.which(str(command[0]))) is None:
        return None
    if re.match(r"python[\d.]*$", Path(found).name):
        return found
    try:
        with Path(found).open("rb") as file:
            first = file.readline(300).decode(errors="replace").strip()
    except OSError:
        return None
    word = first.removeprefix("#!").split()[:1]
    return word[0] if first.startswith("#!") and word and "python" in word[0] else sys.executable
