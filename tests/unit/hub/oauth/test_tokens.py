"""Codes, access tokens and refresh tokens: what they are good for, how often, and how long."""

from __future__ import annotations

import asyncio
import base64

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from jmcp.core.errors import StateUnavailable
from jmcp.hub.grants.records import Record
from jmcp.hub.grants.sqlite_records import SqliteRecords
from jmcp.hub.oauth.server import OAuthServer
from jmcp.hub.oauth.token_endpoint import ACCESS_SECONDS, MAX_REPEATS, REPEAT_SECONDS
from tests.hub.browser import Browser, answer_of
from tests.unit.hub.oauth.conftest import BASE, HUB_TOKEN_SECONDS, ORIGIN, REDIRECT, Program, World

MCP = f"{BASE}/mcp"


def error_of(answer: httpx2.Response) -> str:
    assert answer.status_code == 400, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return str(answer.json()["error"])


async def test_a_token_is_the_hub_s_token_of_its_user(world: World, program: Program) -> None:
    tokens = await program.logged_in("alice")
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == ACCESS_SECONDS
    assert tokens["access_token"].startswith("jmcp_at_")
    assert tokens["refresh_token"].startswith("jmcp_rt_")
    hub_token = await world.server.hub_token(tokens["access_token"], MCP)
    assert hub_token is not None
    assert world.hub.tokens[hub_token] == "alice"
    assert await world.server.hub_token(tokens["refresh_token"], MCP) is None


async def test_nothing_of_a_token_is_stored_in_clear(world: World, program: Program) -> None:
    code = await program.code()
    tokens = (await program.redeem(code)).json()
    secrets = [code, tokens["access_token"], tokens["refresh_token"], *world.hub.tokens]
    stored = b""
    for file in (world.server.settings.state_folder / "state").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
        stored += file.read_bytes()
    assert len(stored) > 10_000
    for secret in secrets:
        assert secret.encode() not in stored


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code": "guessed"}, "invalid_grant"),
        ({"code": None}, "invalid_grant"),
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:4001/callback"}, "invalid_grant"),
        ({"resource": f"{BASE}/jmcp/v1"}, "invalid_target"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
    ],
)
async def test_a_wrong_redemption_is_refused(
    program: Program, changed: dict[str, str | None], error: str
) -> None:
    assert error_of(await program.redeem(await program.code(), **changed)) == error


async def test_whoever_redeems_wrongly_has_no_second_attempt(program: Program) -> None:
    code = await program.code()
    assert error_of(await program.redeem(code, code_verifier="x" * 43)) == "invalid_grant"
    assert error_of(await program.redeem(code)) == "invalid_grant"


async def test_redirect_uri_may_be_left_out(program: Program) -> None:
    """OAuth 2.1 has it no more; a wrong one is refused above."""
    assert (await program.redeem(await program.code(), redirect_uri=None)).status_code == 200


async def test_a_code_of_another_client_is_unknown(world: World, program: Program) -> None:
    code = await program.code()
    other = (await world.registered())["client_id"]
    assert error_of(await program.redeem(code, client_id=other)) == "invalid_grant"
    assert (await program.redeem(code)).status_code == 200


async def test_a_code_is_good_for_a_minute(world: World, program: Program) -> None:
    code = await program.code()
    world.clock.now += 60
    assert error_of(await program.redeem(code)) == "invalid_grant"
    assert not await world.server.grants.of_user("alice")


async def test_a_code_that_comes_twice_ends_what_it_gave(world: World, program: Program) -> None:
    code = await program.code()
    tokens = (await program.redeem(code)).json()
    assert error_of(await program.redeem(code)) == "invalid_grant"
    assert await world.server.hub_token(tokens["access_token"]) is None
    assert error_of(await program.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_of_two_redemptions_at_once_one_may_win(world: World, program: Program) -> None:
    code = await program.code()
    answers = await asyncio.gather(*(program.redeem(code) for _ in range(5)))
    good = [one for one in answers if one.status_code == 200]
    assert len(good) <= 1
    for one in good:  # whoever was second ended it
        assert await world.server.hub_token(one.json()["access_token"]) is None


async def test_a_grant_is_not_listed_before_its_code_was_redeemed(
    world: World, program: Program
) -> None:
    code = await program.code()
    assert not await world.server.grants.of_user("alice")
    await program.redeem(code)
    (grant,) = await world.server.grants.of_user("alice")
    assert (grant.name, grant.kind, grant.redirect_host) == ("A client", "client", "127.0.0.1:4000")
    assert grant.expires == world.clock.now + HUB_TOKEN_SECONDS
    assert not await world.server.grants.of_user("bob")


async def test_an_access_token_ends_after_an_hour(world: World, program: Program) -> None:
    token = (await program.logged_in())["access_token"]
    world.clock.now += ACCESS_SECONDS - 1
    assert await world.server.hub_token(token)
    world.clock.now += 1
    assert await world.server.hub_token(token) is None


async def test_a_token_is_for_its_resource(world: World, program: Program) -> None:
    for bound, good, bad in (
        ("/mcp", ["/mcp", "/mcp/tools/call"], ["/jmcp/v1/tools", "/mcpx", ""]),
        ("/mcp/", ["/mcp"], ["/jmcp/v1/tools"]),
        ("/jmcp/v1", ["/jmcp/v1/tools"], ["/mcp", "/jmcp/v10"]),
        ("", ["/mcp", "/jmcp/v1/tools"], ["-other/mcp"]),
    ):
        program.resource = BASE + bound
        token = (await program.logged_in())["access_token"]
        for path in good:
            assert await world.server.hub_token(token, BASE + path), (bound, path)
        for path in bad:
            assert await world.server.hub_token(token, BASE + path) is None, (bound, path)
        assert await world.server.hub_token(token, "https://other.example.org/mcp") is None


# -- refresh tokens --------------------------------------------------------------------------------


async def test_refresh_tokens_rotate(world: World, program: Program) -> None:
    first = await program.logged_in()
    for _ in range(3):
        world.clock.now += ACCESS_SECONDS
        second = (await program.refresh(first["refresh_token"])).json()
        assert second["refresh_token"] != first["refresh_token"]
        assert await world.server.hub_token(second["access_token"], MCP)
        first = second
    assert len(await world.server.grants.of_user("alice")) == 1


async def test_a_lost_answer_may_be_asked_for_again(world: World, program: Program) -> None:
    first = await program.logged_in()
    lost = (await program.refresh(first["refresh_token"])).json()
    world.clock.now += REPEAT_SECONDS - 1
    again = (await program.refresh(first["refresh_token"])).json()
    for tokens in (lost, again):  # of two processes of one client each may have come first
        assert await world.server.hub_token(tokens["access_token"], MCP)
    world.clock.now += REPEAT_SECONDS
    assert (await program.refresh(again["refresh_token"])).status_code == 200


async def test_a_repeat_does_not_make_the_time_longer(world: World, program: Program) -> None:
    first = (await program.logged_in())["refresh_token"]
    for seconds, status in ((0, 200), (REPEAT_SECONDS - 1, 200), (REPEAT_SECONDS - 1, 400)):
        world.clock.now += seconds
        assert (await program.refresh(first)).status_code == status


async def test_a_grant_that_is_revoked_meanwhile_gives_nothing(
    world: World, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = await program.logged_in()
    change = world.records.change

    async def too_late(before: Record, after: Record) -> bool:
        await world.server.grants.revoke_all("alice")
        return await change(before, after)

    monkeypatch.setattr(world.records, "change", too_late)
    assert error_of(await program.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert await world.records.count("refresh") == 1  # only that of before


async def test_a_reused_refresh_token_ends_the_login(world: World, program: Program) -> None:
    first = await program.logged_in()
    second = (await program.refresh(first["refresh_token"])).json()
    world.clock.now += REPEAT_SECONDS
    assert error_of(await program.refresh(first["refresh_token"])) == "invalid_grant"
    assert await world.server.hub_token(second["access_token"]) is None
    assert error_of(await program.refresh(second["refresh_token"])) == "invalid_grant"
    assert not await world.server.grants.of_user("alice")


async def test_an_older_refresh_token_ends_the_login_at_once(program: Program) -> None:
    first = await program.logged_in()
    second = (await program.refresh(first["refresh_token"])).json()
    third = (await program.refresh(second["refresh_token"])).json()
    assert error_of(await program.refresh(first["refresh_token"])) == "invalid_grant"
    assert error_of(await program.refresh(third["refresh_token"])) == "invalid_grant"


async def test_repeats_have_a_limit(program: Program) -> None:
    first = (await program.logged_in())["refresh_token"]
    for _ in range(1 + MAX_REPEATS):
        assert (await program.refresh(first)).status_code == 200
    assert error_of(await program.refresh(first)) == "invalid_grant"


async def test_two_siblings_are_not_both_good_for_long(world: World, program: Program) -> None:
    """Whoever took a copy of the token and was quick is found out at the next rotation."""
    first = await program.logged_in()
    mine = (await program.refresh(first["refresh_token"])).json()
    stolen = (await program.refresh(first["refresh_token"])).json()
    world.clock.now += ACCESS_SECONDS
    assert (await program.refresh(mine["refresh_token"])).status_code == 200
    world.clock.now += ACCESS_SECONDS
    assert error_of(await program.refresh(stolen["refresh_token"])) == "invalid_grant"
    assert not await world.server.grants.of_user("alice")


async def test_refreshes_at_once_all_have_tokens_that_are_good(
    world: World, program: Program
) -> None:
    first = (await program.logged_in())["refresh_token"]
    answers = await asyncio.gather(*(program.refresh(first) for _ in range(1 + MAX_REPEATS)))
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert await world.server.hub_token(answer.json()["access_token"], MCP)


async def test_a_refresh_token_is_the_client_s_own(world: World, program: Program) -> None:
    token = (await program.logged_in())["refresh_token"]
    other = Program(world=world, client_id=(await world.registered())["client_id"])
    assert error_of(await other.refresh(token)) == "invalid_grant"
    assert (await program.refresh(token)).status_code == 200


async def test_a_refresh_keeps_to_its_resource(program: Program) -> None:
    token = (await program.logged_in())["refresh_token"]
    assert error_of(await program.refresh(token, resource=f"{BASE}/jmcp/v1")) == "invalid_target"
    assert (await program.refresh(token, resource=MCP)).status_code == 200


async def test_nothing_outlives_the_hub_s_token(world: World, program: Program) -> None:
    tokens = await program.logged_in()
    world.clock.now += HUB_TOKEN_SECONDS - 100
    tokens = (await program.refresh(tokens["refresh_token"])).json()
    assert tokens["expires_in"] == 100
    world.clock.now += 100
    assert await world.server.hub_token(tokens["access_token"]) is None
    assert error_of(await program.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert await world.records.sweep()
    assert not await world.server.grants.of_user("alice")


async def test_a_login_ends_with_the_hub_s_token(world: World, program: Program) -> None:
    """Revoked there, or by a logout there: else the client would get new tokens that open nothing."""
    tokens = await program.logged_in()
    world.hub.tokens.clear()
    assert error_of(await program.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert not await world.server.grants.of_user("alice")


async def test_while_the_hub_is_away_nothing_is_used_up(world: World, program: Program) -> None:
    tokens = await program.logged_in()
    world.hub.away = True
    answer = await program.refresh(tokens["refresh_token"])
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    world.hub.away = False
    assert (await program.refresh(tokens["refresh_token"])).status_code == 200


async def test_another_gateway_goes_on_with_it(world: World, program: Program) -> None:
    """Two gateways with one store and one key: each step may come to the other one."""
    records = SqliteRecords(world.server.settings.state_folder / "state", clock=world.clock)
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(world.hub.answer))
    other = OAuthServer(
        world.server.settings, records, world.server.sealer, http=http, clock=world.clock
    )
    apps = [world.app, Starlette(routes=other.routes())]

    async def in_turn(scope: Scope, receive: Receive, send: Send) -> None:
        apps.append(apps.pop(0))
        await apps[0](scope, receive, send)

    def client() -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(in_turn), base_url=ORIGIN)

    async with client() as public, client() as cookies:
        world.public = public
        browser = Browser(name="alice", http=cookies)
        code = (await world.allowed(browser, program.url()))["code"]
        tokens = (await program.redeem(code)).json()
        tokens = (await program.refresh(tokens["refresh_token"])).json()
        for server in (world.server, other):
            assert await server.hub_token(tokens["access_token"], MCP)
        await world.server.grants.revoke_all("alice")
        assert await other.hub_token(tokens["access_token"], MCP) is None
    await other.close()


# -- clients with a secret, and requests ------------------------------------------------------------


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", None])
async def test_a_client_with_a_secret_shows_it(world: World, method: str | None) -> None:
    client = await world.registered(token_endpoint_auth_method=method)
    program = Program(world=world, client_id=client["client_id"])
    secret = client["client_secret"]
    for given in ({}, {"client_secret": "guessed"}):
        answer = await program.redeem(await program.code(), **given)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic")
    assert (await program.redeem(await program.code(), client_secret=secret)).status_code == 200
    # Without the id in the form, as RFC 6749 has it and the TypeScript SDK does.
    basic = base64.b64encode(f"{client['client_id']}:{secret}".encode()).decode()
    answer = await world.public.post(
        "/services/jmcp/token",
        headers={"Authorization": f"Basic {basic}"},
        data={
            "grant_type": "authorization_code",
            "code": await program.code(),
            "code_verifier": program.verifier,
        },
    )
    assert answer.status_code == 200, answer.text


async def test_a_public_client_has_no_secret(world: World, program: Program) -> None:
    answer = await program.redeem(await program.code(), client_secret="something")
    assert answer.status_code == 401


async def test_an_unknown_client_has_no_tokens(program: Program) -> None:
    answer = await program.redeem(await program.code(), client_id="unknown")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_parameter_that_comes_twice_is_refused(world: World, program: Program) -> None:
    body = f"grant_type=authorization_code&client_id={program.client_id}&client_id=other"
    answer = await world.public.post(
        "/services/jmcp/token",
        content=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert error_of(answer) == "invalid_request"


async def test_a_form_has_a_limit(world: World, program: Program) -> None:
    answer = await world.token(grant_type="refresh_token", refresh_token="x" * 20_000)
    assert answer.status_code == 413
    answer = await world.public.post("/services/jmcp/token", json={})
    assert answer.status_code == 415


# -- revocation --------------------------------------------------------------------------------------


async def revoke(world: World, token: str, client_id: str) -> int:
    form = {"token": token, "client_id": client_id}
    return (await world.public.post("/services/jmcp/revoke", data=form)).status_code


async def test_a_revoked_refresh_token_ends_the_login(world: World, program: Program) -> None:
    tokens = await program.logged_in()
    assert await revoke(world, tokens["refresh_token"], program.client_id) == 200
    assert await world.server.hub_token(tokens["access_token"]) is None
    assert not await world.server.grants.of_user("alice")


async def test_a_revoked_access_token_ends_alone(world: World, program: Program) -> None:
    tokens = await program.logged_in()
    assert await revoke(world, tokens["access_token"], program.client_id) == 200
    assert await world.server.hub_token(tokens["access_token"]) is None
    assert (await program.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_token_of_another_client_is_not_revoked(world: World, program: Program) -> None:
    tokens = await program.logged_in()
    other = (await world.registered())["client_id"]
    for token in (tokens["access_token"], tokens["refresh_token"], "unknown"):
        assert await revoke(world, token, other) == 200
    assert await world.server.hub_token(tokens["access_token"])
    assert await revoke(world, tokens["refresh_token"], "unknown") == 401


# -- a store that does not answer -----------------------------------------------------------------------


async def test_a_store_that_does_not_answer_ends_no_login(
    world: World, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = await program.logged_in()
    browser = world.browser()
    question = await world.consent_page(browser, program.url())

    async def silent(*_: object, **__: object) -> None:
        raise StateUnavailable.silent_redis(reason="ConnectionError")

    with monkeypatch.context() as away:
        for method in ("get", "add", "change", "remove", "of_user"):
            away.setattr(world.records, method, silent)
        answers = [
            await program.refresh(tokens["refresh_token"]),
            await program.redeem("a code"),
            await world.public.post("/services/jmcp/register", json={"redirect_uris": [REDIRECT]}),
            await world.public.post("/services/jmcp/revoke", data={"client_id": "x", "token": "x"}),
        ]
        assert [one.status_code for one in answers] == [503] * 4
        assert {one.json()["error"] for one in answers} == {"temporarily_unavailable"}
        for page in (
            await world.browser().open(program.url()),
            await browser.submit(question.text, decision="allow"),
        ):
            assert isinstance(page, httpx2.Response)
            assert page.status_code == 503
        with pytest.raises(StateUnavailable):
            await world.server.hub_token(tokens["access_token"])
    assert (await program.refresh(tokens["refresh_token"])).status_code == 200
    assert "code" in answer_of(await browser.submit(question.text, decision="allow"))


# -- the log ------------------------------------------------------------------------------------------


async def test_each_step_is_logged_without_a_token(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "jmcp.logins")
    client = await world.registered(client_name="Name with blanks")
    program = Program(world=world, client_id=client["client_id"])
    code = await program.code()
    first = (await program.redeem(code)).json()
    second = (await program.refresh(first["refresh_token"])).json()
    world.clock.now += REPEAT_SECONDS
    await program.refresh(first["refresh_token"])
    lines = [(one.levelname, one.getMessage()) for one in caplog.records]
    events = [(level, line.partition("event=")[2].partition(" ")[0]) for level, line in lines]
    assert events == [
        ("INFO", "registered"),
        ("INFO", "allowed"),
        ("INFO", "tokens_given"),
        ("WARNING", "refresh_token_reused"),
    ]
    assert 'client="Name with blanks" of=registered to=127.0.0.1:4000' in lines[1][1]
    secrets = [code, *world.hub.tokens]
    secrets += [
        tokens[name] for tokens in (first, second) for name in ("access_token", "refresh_token")
    ]
    assert not [one for one in secrets if one in caplog.text]


async def test_a_client_that_refreshes_without_end_does_not_fill_the_store(
    world: World, program: Program
) -> None:
    tokens = await program.logged_in()
    for _ in range(30):
        tokens = (await program.refresh(tokens["refresh_token"])).json()
    refused = await program.refresh(tokens["refresh_token"])
    assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
    # It was used up by nothing, and others are not hindered.
    other = await program.logged_in()
    assert (await program.refresh(other["refresh_token"])).status_code == 200
