"""What answers at a URL is said in one sentence, whatever it is."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.serverapp import ServerApp

from jmcp.core.errors import JupyterRefused, JupyterUnreachable
from jmcp_jupyter import server_answers
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.server_probe import ProbeResult, probe, unreachable
from tests.jupyter_process import TOKEN, StartJupyter
from tests.network import network
from tests.surfaces.conftest import root_url

Reply = tuple[int, Mapping[str, str], str]


class OnlyReaders(Authorizer):
    """Everybody may read everything, and nobody do anything."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return action == "read"


class NoReaders(Authorizer):
    """Code may run, but notebooks may not be read."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return resource == "kernels"


async def about(url: str, token: str | None = TOKEN, **use: bool) -> ProbeResult:
    api = JupyterApi(url, token)
    try:
        return await probe(api, **use)
    finally:
        await api.close()


async def refusal(url: str, token: str | None = TOKEN, **use: bool) -> tuple[str, str]:
    """The reason and the sentence of what must fail."""
    with pytest.raises((JupyterUnreachable, JupyterRefused)) as raised:
        await about(url, token, **use)
    message = raised.value.message
    assert "\n" not in message
    assert message[-1] in ".?)"
    return raised.value.details["reason"], message


@asynccontextmanager
async def answering(
    replies: Callable[[str], Reply], context: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """A web server that is no Jupyter: `replies` gives status, headers and body for a path."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status, headers, body = replies(head.split()[1])
        fields = {"Content-Length": str(len(body)), "Connection": "close", **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"HTTP/1.1 {status} Told\r\n{lines}\r\n{body}".encode())
        await writer.drain()
        writer.close()

    async with raw(answer, context) as port:
        yield f"{'http' if context is None else 'https'}://localhost:{port}/"


@asynccontextmanager
async def raw(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """Anything that listens on a port."""
    open_writers: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_writers.append(writer)
        await answer(reader, writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in open_writers:
            writer.transport.abort()


def html(_: str) -> Reply:
    return 200, {"Content-Type": "text/html"}, "<h1>It works!</h1>"


def jupyter_of(version: str, routes: Mapping[str, int]) -> Callable[[str], Reply]:
    """A Jupyter Server of another version, with other routes, as far as it is asked."""

    def replies(target: str) -> Reply:
        path = target.partition("?")[0]
        if path == "/api":
            return 200, {}, json.dumps({"version": version})
        if path == "/api/me":
            granted = {"kernels": ["execute"], "contents": ["read", "write"]}
            return 200, {}, json.dumps({"identity": {}, "permissions": granted})
        return routes.get(path, 404), {}, "{}"

    return replies


# -- servers that jmcp can work on -----------------------------------------------------------------


@pytest.mark.parametrize(("collaboration", "mode"), [(True, "live"), (False, "file")])
async def test_a_server_says_what_its_documents_are(
    jupyter: StartJupyter, collaboration: bool, mode: str
) -> None:
    serverapp = await jupyter(collaboration=collaboration)
    found = await about(root_url(serverapp))
    assert (found.documents, found.warnings) == (mode, ())
    assert found.version.startswith("2.")


async def test_a_base_url_is_part_of_the_url(jupyter: StartJupyter) -> None:
    serverapp = await jupyter(ServerApp={"base_url": "/user/ada/"})
    async with network(serverapp.port) as proxy:
        found = await about(f"http://127.0.0.1:{proxy.port}/user/ada")
        assert found.documents == "live"
        reason, message = await refusal(f"http://127.0.0.1:{proxy.port}/")
    assert reason == "not_jupyter"
    assert "Is something missing in the URL's path?" in message or "redirects" in message


async def test_a_server_with_jmcp_in_it_is_a_warning(jupyter: StartJupyter) -> None:
    serverapp = await jupyter(collaboration=False, extensions=["jmcp"])
    [warning] = (await about(root_url(serverapp))).warnings
    assert "jmcp of its own" in warning


async def test_a_token_that_may_only_read_is_a_warning_for_documents(
    jupyter: StartJupyter,
) -> None:
    serverapp = await jupyter(collaboration=False, ServerApp={"authorizer_class": OnlyReaders})
    [warning] = (await about(root_url(serverapp), kernels=False)).warnings
    assert "may only read" in warning


# -- servers that it cannot work on ----------------------------------------------------------------


@pytest.mark.parametrize("token", ["wrong", None])
async def test_a_wrong_token_is_told_from_none(jupyter: StartJupyter, token: str | None) -> None:
    serverapp = await jupyter(collaboration=False)
    reason, message = await refusal(root_url(serverapp), token)
    assert reason == ("token_refused" if token else "token_missing")
    assert "wrong" not in message


async def test_a_token_without_the_right_to_execute_is_refused(jupyter: StartJupyter) -> None:
    serverapp = await jupyter(collaboration=False, ServerApp={"authorizer_class": OnlyReaders})
    reason, message = await refusal(root_url(serverapp))
    assert (reason, "kernels:execute" in message) == ("no_right_to_execute", True)


async def test_a_token_without_the_right_to_read_is_refused(jupyter: StartJupyter) -> None:
    serverapp = await jupyter(collaboration=False, ServerApp={"authorizer_class": NoReaders})
    reason, message = await refusal(root_url(serverapp))
    assert (reason, "contents:read" in message) == ("no_right_to_read", True)
    assert (await about(root_url(serverapp), documents=False)).version


async def test_an_old_version_is_refused() -> None:
    async with answering(jupyter_of("1.24.0", {})) as url:
        reason, message = await refusal(url)
    assert (reason, "1.24.0" in message, "2.0" in message) == ("too_old", True, True)


@pytest.mark.parametrize("route", ["session", "room"])
@pytest.mark.parametrize("status", [302, 500, 503])
async def test_a_server_that_fails_does_not_say_that_it_shares_notebooks(
    route: str, status: int
) -> None:
    routes = {f"/api/collaboration/{route}/x": status}
    async with answering(jupyter_of("2.21.1", routes)) as url:
        reason, message = await refusal(url)
    assert reason == "no_mode"
    assert f"status {status} for api/collaboration/{route}/x" in message


async def test_rooms_of_another_kind_are_refused() -> None:
    routes = {"/api/collaboration/room/x": 400, "/api/fileid/index": 405}
    async with answering(jupyter_of("2.21.1", routes)) as url:
        reason, message = await refusal(url)
    assert (reason, "jupyter_server_documents" in message) == ("other_documents", True)


# -- what is no Jupyter Server ---------------------------------------------------------------------


async def test_another_web_server_is_said() -> None:
    async with answering(html) as url:
        reason, message = await refusal(url)
    assert (reason, "not a Jupyter Server" in message) == ("not_jupyter", True)


@pytest.mark.parametrize(
    ("path", "reply", "reason"),
    [
        ("", (302, {"Location": "/hub/"}, ""), "hub"),
        ("", (404, {"X-JupyterHub-Version": "5.3.0"}, "<html>"), "hub"),
        ("hub/", (200, {"X-JupyterHub-Version": "5.3.0"}, '{"version": "5.3.0"}'), "hub"),
        ("user/ada/", (302, {"Location": "/hub/user/ada/api"}, ""), "hub_server_stopped"),
        ("user/ada/", (424, {"X-JupyterHub-Version": "5.3.0"}, "{}"), "hub_server_stopped"),
        ("user/ada/", (302, {"Location": "/hub/login?next=x"}, ""), "hub_server_stopped"),
        ("", (302, {"Location": "/login?next=%2Fapi"}, ""), "token_refused"),
        ("", (302, {"Location": "https://example.org/ada/api"}, ""), "redirected"),
        ("", (503, {}, "no upstream"), "behind_proxy"),
    ],
)
async def test_what_stands_before_a_server_is_told_from_it(
    path: str, reply: Reply, reason: str
) -> None:
    async with answering(lambda _: reply) as url:
        told, message = await refusal(url + path)
    assert told == reason, message
    assert ("JupyterHub" in message) is reason.startswith("hub")


async def test_a_closed_port_is_said() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        reason, message = await refusal(f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert (reason, "connection refused" in message) == ("refused", True)


async def test_an_unknown_host_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    reason, message = await refusal("http://no-such-host.invalid/")
    assert (reason, "no-such-host.invalid" in message) == ("dns", True)


async def test_silence_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_answers, "PROBE_SECONDS", 0.2)

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw(silent) as port:
        reason, message = await refusal(f"http://127.0.0.1:{port}/")
    assert (reason, "0.2 s" in message) == ("timeout", True)


async def test_something_else_than_http_is_said() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await writer.drain()
        writer.close()

    async with raw(greet) as port:
        reason, message = await refusal(f"http://127.0.0.1:{port}/")
        assert (reason, "does not speak HTTP" in message) == ("not_http", True)
        reason, message = await refusal(f"https://127.0.0.1:{port}/")
        assert (reason, "Is it http:// and not https://?" in message) == ("tls", True)


async def test_a_certificate_that_nobody_signed_is_said(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    async with answering(html, context) as url:
        reason, message = await refusal(url)
    assert (reason, "certificate is not trusted" in message) == ("tls", True)


async def test_health_is_one_word(jupyter: StartJupyter) -> None:
    serverapp: ServerApp = await jupyter(collaboration=False)
    async with network(serverapp.port) as proxy:
        api = JupyterApi(f"http://127.0.0.1:{proxy.port}/", TOKEN)
        assert await unreachable(api, seconds=30) is None
        proxy.cut()
        assert await unreachable(api, seconds=30) in ("refused", "unreachable", "not_http")
        proxy.mend()
        assert await unreachable(api, seconds=30) is None
        await api.close()


def self_signed(folder: Path) -> Path:
    """A certificate for localhost with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "self-signed.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
