"""Documents of clients: what is read, from where, how often, and what is refused."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from jmcp.hub.oauth import client_documents
from jmcp.hub.oauth.client_documents import ClientDocuments, DocumentPolicy
from jmcp.hub.oauth.document_fetch import MAX_BYTES, DocumentFetch, DocumentRefused, url_problem
from jmcp.hub.oauth.public_addresses import is_public, resolve
from jmcp.hub.oauth.settings import document_policy
from tests.clock import Clock
from tests.tls import certificate
from tests.unit.hub.oauth.conftest import Program, a_world

URL = "https://app.example.com/oauth/client.json"


def document(**more: Any) -> bytes:
    values = {
        "client_id": URL,
        "client_name": "An app",
        "redirect_uris": ["http://127.0.0.1/callback", "http://localhost/callback"],
        "token_endpoint_auth_method": "none",
    }
    return json.dumps(values | more).encode()


@dataclass(kw_only=True)
class Page:
    """A fetch that answers by itself."""

    body: bytes = field(default_factory=document)
    headers: dict[str, str] = field(default_factory=dict)
    refusal: str = ""
    reads: int = 0
    wait: asyncio.Event | None = None

    async def read(self, url: str) -> tuple[bytes, httpx2.Headers]:
        self.reads += 1
        if self.wait is not None:
            await self.wait.wait()
        if self.refusal:
            raise DocumentRefused(self.refusal)
        return self.body, httpx2.Headers(self.headers)


def documents(page: Page, clock: Clock, **policy: Any) -> ClientDocuments:
    return ClientDocuments(DocumentPolicy(**policy), page, clock=clock)  # type: ignore[arg-type] # a fake


async def test_a_client_is_as_its_document_says() -> None:
    client = await documents(Page(), Clock()).client(URL)
    assert (client.id, client.name, client.document_host) == (URL, "An app", "app.example.com")
    assert client.redirect_uris == ("http://127.0.0.1/callback", "http://localhost/callback")
    assert client.auth_method == "none"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"<html>",
        b"[" * 5_000,
        document(client_id="https://app.example.com/other.json"),
        document(client_id=None),
        document(redirect_uris=[]),
        document(redirect_uris="http://127.0.0.1/"),
        document(redirect_uris=["javascript:alert(1)", "http://app.example.com/", 1]),
        document(redirect_uris=[f"http://127.0.0.1/{n}" for n in range(21)]),
        document(token_endpoint_auth_method="client_secret_post"),
        document(token_endpoint_auth_method="private_key_jwt"),
        document(client_secret="x"),
    ],
)
async def test_a_document_that_cannot_be_used(body: bytes) -> None:
    with pytest.raises(DocumentRefused):
        await documents(Page(body=body), Clock()).client(URL)


async def test_redirect_uris_for_other_servers_are_left_out() -> None:
    page = Page(
        body=document(redirect_uris=["http://app.example.com/", "https://app.example.com/"])
    )
    client = await documents(page, Clock()).client(URL)
    assert client.redirect_uris == ("https://app.example.com/",)


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({}, 600),
        ({"Cache-Control": "public, max-age=1200"}, 1_200),
        ({"Cache-Control": "max-age=0"}, 60),
        ({"Cache-Control": "max-age=999999999"}, 3_600),
    ],
)
async def test_a_document_is_read_again_after_a_while(headers: dict[str, str], kept: int) -> None:
    page, clock = Page(headers=headers), Clock()
    found = documents(page, clock)
    for moment, reads in ((0, 1), (kept - 1, 1), (kept, 2)):
        clock.now = 1_000_000.0 + moment
        await found.client(URL)
        assert page.reads == reads


async def test_a_refusal_is_kept_for_a_minute() -> None:
    page, clock = Page(refusal="it answered 404"), Clock()
    found = documents(page, clock)
    for moment, reads in ((0, 1), (59, 1), (60, 2)):
        clock.now = 1_000_000.0 + moment
        with pytest.raises(DocumentRefused, match="404"):
            await found.client(URL)
        assert page.reads == reads


async def test_a_document_is_read_once_for_all_who_wait() -> None:
    page = Page(wait=asyncio.Event())
    found = documents(page, Clock())
    waiting = [asyncio.ensure_future(found.client(URL)) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    assert page.wait is not None
    page.wait.set()
    clients = await asyncio.gather(*waiting[1:])
    assert {client.id for client in clients} == {URL}
    assert page.reads == 1


async def test_documents_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_documents, "KEPT_DOCUMENTS", 3)
    page, clock = Page(refusal="no"), Clock()
    found = documents(page, clock)
    for number in range(20):
        with pytest.raises(DocumentRefused, match="no"):
            await found.client(f"https://app.example.com/{number}")
    with pytest.raises(DocumentRefused, match="too many"):
        await found.client("https://app.example.com/20")
    assert page.reads == 20
    assert len(found._kept) == 3


async def test_a_stranger_who_names_many_documents_keeps_nobody_from_a_known_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_documents, "KEPT_DOCUMENTS", 3)
    page, clock = Page(), Clock()
    found = documents(page, clock)
    known = await found.client(URL)

    async def stranger(number: int) -> None:
        with pytest.raises(DocumentRefused):
            await found.client(f"https://app.example.com/{clock.now}/{number}")

    for number in range(10):
        await stranger(number)
        assert await found.client(URL) == known
    assert page.reads == 11
    clock.now += 600
    monkeypatch.setattr(client_documents, "KEPT_DOCUMENTS", 30)
    for number in range(25):
        await stranger(number)
    assert await found.client(URL) == known
    assert page.reads == 31
    clock.now += 3_600
    page.refusal = "no"
    with pytest.raises(DocumentRefused, match="no"):
        await found.client(URL)


async def test_hosts_can_be_listed() -> None:
    page = Page()
    found = documents(page, Clock(), hosts=frozenset({"app.example.com"}))
    await found.client(URL)
    with pytest.raises(DocumentRefused, match="other hosts"):
        await found.client("https://app.example.com.evil.org/oauth/client.json")
    with pytest.raises(DocumentRefused, match="does not read"):
        await documents(page, Clock(), enabled=False).client(URL)
    assert page.reads == 1


def test_the_policy_of_a_setting() -> None:
    assert document_policy("") == document_policy("any") == DocumentPolicy()
    assert not document_policy("off").enabled
    assert document_policy("claude.ai Vscode.dev").hosts == {"claude.ai", "vscode.dev"}


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example.com/c",
        "https://app.example.com",
        "https://app.example.com/",
        "https://user@app.example.com/c",
        "https://app.example.com/c#x",
        "https://app.example.com/a/../c",
        "https://app.example.com/a/%2e%2e/c",
        "https://app.example.com:8443/c",
        "https://app.example.com:0x1bb/c",
        "https://app.example.com/\\c",
        "https://app.example.com/ c",
        "https://app.example.com/\r\nHost: x",
        "https://äpp.example.com/c",
        "https:///c",
        "https://example.com[::1]/c",
        "https://app%2eexample.com/c",
        f"https://app.example.com/{'x' * 600}",
    ],
)
async def test_a_url_that_is_no_client_id(url: str) -> None:
    assert url_problem(url)
    page = Page()
    with pytest.raises(DocumentRefused):
        await documents(page, Clock()).client(url)
    assert not page.reads


async def test_a_client_logs_in_with_its_document(tmp_path: Path) -> None:
    page = Page()
    async with a_world(tmp_path, fetch=page, documents=DocumentPolicy()) as world:  # type: ignore[arg-type] # a fake
        program = Program(world=world, client_id=URL, redirect_uri="http://localhost:3118/callback")
        shown = await world.consent_page(world.browser(), program.url())
        assert "Let An app use your Jupyter server?" in shown.text
        assert "<dd>app.example.com</dd>" in shown.text
        tokens = await program.logged_in()
        # Its host may be away by then: what identifies the client is what it was given.
        page.refusal = "away"
        refreshed = await program.refresh(tokens["refresh_token"])
        assert refreshed.status_code == 200, refreshed.text
        (grant,) = await world.server.grants.of_user("alice")
        assert (grant.name, grant.client_id) == ("An app", URL)
        assert page.reads == 1
        with_secret = await program.refresh(tokens["refresh_token"], client_secret="x")
        assert with_secret.status_code == 401


async def test_a_document_that_is_refused_is_told_on_a_page(tmp_path: Path) -> None:
    page = Page(refusal="app.example.com <answered> 404, not 200")
    async with a_world(tmp_path, fetch=page, documents=DocumentPolicy()) as world:  # type: ignore[arg-type] # a fake
        program = Program(world=world, client_id=URL, redirect_uri="http://localhost/callback")
        answer = await world.browser().open(program.url())
        assert isinstance(answer, httpx2.Response), answer
        assert answer.status_code == 400
        assert "app.example.com &lt;answered&gt; 404, not 200" in answer.text


# -- the network ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "2600:1406::1%eth0",
        "fec0::1",
        "ff02::1",
        "",
        "localhost",
        "0x7f000001",
        "2130706433",
        "127.1",
    ],
)
def test_an_address_that_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "160.79.104.10", "2600:1406::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_an_address_that_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:127.0.0.1"], []]
)
async def test_no_connection_is_made_to_what_is_not_public(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolver(host: str, port: int) -> list[str]:
        return addresses

    def connected(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", connected)
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connected)
    with pytest.raises(DocumentRefused, match="not a host of the public Internet"):
        await DocumentFetch(resolver=resolver).read(URL)


@pytest.mark.parametrize("host", ["a..b", f"{'x' * 64}.example.com", "no-such-host.invalid"])
async def test_a_name_that_cannot_be_looked_up(host: str) -> None:
    with pytest.raises(DocumentRefused, match="no address"):
        await DocumentFetch().read(f"https://{host}/client.json")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "localhost"]
)
async def test_this_machine_by_any_name(host: str) -> None:
    with pytest.raises(DocumentRefused, match=r"not a host of the public Internet|no address"):
        await DocumentFetch().read(f"https://{host}/client.json")


@dataclass(kw_only=True)
class Host:
    """A host with a certificate for app.example.com, which answers `answer` to everything."""

    answer: bytes = b""
    requests: list[bytes] = field(default_factory=list)
    lookups: int = 0
    slow: asyncio.Event | None = None


def http_answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    lines = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in (lines | named).items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


@asynccontextmanager
async def serving(
    host: Host, folder: Path, *, name: str = "app.example.com", seconds: float = 5.0
) -> AsyncIterator[DocumentFetch]:
    """The host, and a fetch that takes this machine's address for a public one."""
    certificates = certificate(folder, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates)
    trusting = ssl.create_default_context(cafile=str(certificates))

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host.requests.append(await reader.readuntil(b"\r\n\r\n"))
        if host.slow is not None:
            await host.slow.wait()
        writer.write(host.answer)
        writer.close()
        with suppress(OSError):  # also of TLS, where the other side goes first
            await writer.wait_closed()

    async def resolver(asked: str, port: int) -> list[str]:
        assert asked == "app.example.com"
        host.lookups += 1
        # Rebinding: whoever asked a second time would be told another address.
        return ["127.0.0.1"] if host.lookups == 1 else ["169.254.169.254"]

    server = await asyncio.start_server(answered, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield DocumentFetch(
            resolver=resolver,
            admitted=lambda address: address == "127.0.0.1",
            port=port,
            context=trusting,
            seconds=seconds,
        )
        if host.slow is not None:
            host.slow.set()


async def test_a_document_comes_over_tls_from_the_address_that_was_checked(tmp_path: Path) -> None:
    host = Host(answer=http_answer(document(), Cache_Control="max-age=90"))
    async with serving(host, tmp_path) as fetch:
        body, headers = await fetch.read(URL + "?v=1")
    assert body == document()
    assert headers["cache-control"] == "max-age=90"
    (request,) = host.requests
    assert request.startswith(b"GET /oauth/client.json?v=1 HTTP/1.1\r\n")
    assert b"host: app.example.com\r\n" in request.lower()
    assert b"cookie" not in request.lower()
    assert host.lookups == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (http_answer(b"", "302 Found", Location="http://169.254.169.254/"), "answered 302"),
        (http_answer(b"{}", "404 Not Found"), "answered 404"),
        (http_answer(b"{}", Content_Type="text/html"), "something else than JSON"),
        (http_answer(b" " * (MAX_BYTES + 1)), "more than"),
        (http_answer(b"{}", Content_Encoding="gzip"), "compressed"),
        (b"nonsense\r\n\r\n", "cannot be reached"),
        (b"", "cannot be reached"),
    ],
)
async def test_an_answer_that_is_not_taken(tmp_path: Path, answer: bytes, why: str) -> None:
    async with serving(Host(answer=answer), tmp_path) as fetch:
        with pytest.raises(DocumentRefused, match=why):
            await fetch.read(URL)


async def test_a_host_that_does_not_answer_is_left(tmp_path: Path) -> None:
    async with serving(Host(slow=asyncio.Event()), tmp_path, seconds=0.2) as fetch:
        with pytest.raises(DocumentRefused, match=r"did not answer in 0\.2 s"):
            await fetch.read(URL)


async def test_a_certificate_for_another_host_is_refused(tmp_path: Path) -> None:
    host = Host(answer=http_answer(document()))
    async with serving(host, tmp_path, name="other.example.com") as fetch:
        with pytest.raises(DocumentRefused, match="cannot be reached"):
            await fetch.read(URL)
    assert not host.requests


async def test_names_that_are_found_slowly_take_no_threads_of_the_gateways_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = threading.Event()

    def slowly(*_: Any, **__: Any) -> list[Any]:
        go_on.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    asked = [asyncio.create_task(resolve(f"h{number}.example.org", 443)) for number in range(40)]
    try:
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            assert await asyncio.to_thread(lambda: "a thread is free")
    finally:
        go_on.set()
        assert await asyncio.gather(*asked) == [[]] * 40
