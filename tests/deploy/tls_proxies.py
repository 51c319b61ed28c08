"""nginx and Caddy as deploy/proxies configures them; only ports and names of files are others."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.deploy.files import DEPLOY, program

PROXIES = DEPLOY / "proxies"
HOST, OF_A_USER = "hub.example.org", "ada.hub.example.org"
SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    certificate: Path
    key: Path


def self_signed(folder: Path) -> Certificate:
    """For the Hub's name and those of its users."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(HOST), x509.DNSName(f"*.{HOST}")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    (folder / "certificate.pem").write_bytes(made.public_bytes(pem))
    return Certificate(certificate=folder / "certificate.pem", key=folder / "key.pem")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """`http` and `https` are the proxy's, `behind` is what it passes on to."""

    http: int
    https: int
    behind: int


def nginx(folder: Path, certificate: Certificate, ports: Ports) -> list[str]:
    """A command of nginx with the site of deploy/proxies; only names of files and ports are others."""
    site = (PROXIES / "nginx.conf").read_text()
    for theirs, ours in (
        ("listen 80;", f"listen 127.0.0.1:{ports.http};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{ports.https} ssl"),
        ("127.0.0.1:8000", f"127.0.0.1:{ports.behind}"),
        ("/etc/ssl/hub.example.org/fullchain.pem", str(certificate.certificate)),
        ("/etc/ssl/hub.example.org/privkey.pem", str(certificate.key)),
    ):
        assert theirs in site
        site = site.replace(theirs, ours)
    own = "".join(
        f"{kind}_temp_path {folder / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = (
        f"daemon off;\nmaster_process off;\nerror_log {folder / 'error.log'};\n"
        f"pid {folder / 'nginx.pid'};\nevents {{}}\nhttp {{\naccess_log off;\n{own}{site}}}\n"
    )
    (folder / "nginx.conf").write_text(main)
    error_log = str(folder / "error.log")
    return [program("nginx", "Debian's nginx"), "-e", error_log, "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, certificate: Certificate, ports: Ports) -> list[str]:
    """A command of Caddy with the Caddyfile for subdomains, on other ports."""
    site = (PROXIES / "Caddyfile.subdomains").read_text()
    own = f"\tadmin off\n\thttp_port {ports.http}\n\thttps_port {ports.https}\n"
    site = site.replace("\tadmin off\n", own)
    for theirs, ours in (
        ("{$JMCP_UPSTREAM:127.0.0.1:8000}", f"127.0.0.1:{ports.behind}"),
        ("{$JMCP_CERTIFICATE:/etc/ssl/hub.example.org/fullchain.pem}", certificate.certificate),
        ("{$JMCP_CERTIFICATE_KEY:/etc/ssl/hub.example.org/privkey.pem}", certificate.key),
    ):
        assert theirs in site
        site = site.replace(theirs, str(ours))
    (folder / "Caddyfile").write_text(site)
    return [
        program("caddy"),
        "run",
        "--config",
        str(folder / "Caddyfile"),
        "--adapter",
        "caddyfile",
    ]


COMMANDS = {"nginx": nginx, "caddy": caddy}


@asynccontextmanager
async def running(command: list[str], folder: Path, port: int) -> AsyncIterator[None]:
    told = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, env=told, stdout=log, stderr=log)
        try:
            async with asyncio.timeout(SECONDS):
                while not listens(port):
                    assert process.returncode is None, (folder / "log").read_text()
                    await asyncio.sleep(0.02)
            yield
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), SECONDS)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
