"""What the authorization endpoint and the page of consent take, refuse, and never do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from jmcp.hub.grants.records import Kind, Record
from jmcp.hub.login.cookies import KEPT_FLOWS
from jmcp.hub.oauth.consent import CONSENT_SECONDS
from tests.hub.browser import answer_of
from tests.unit.hub.oauth.conftest import BASE, REDIRECT, Program, World

WEB = "https://app.example.com/callback"


async def test_the_answer_has_code_state_and_issuer(world: World, program: Program) -> None:
    told = await world.allowed(world.browser(), program.url())
    assert told.keys() == {"code", "state", "iss"}
    assert (told["state"], told["iss"]) == ("its state", BASE)


async def test_deny_is_told_and_no_code(world: World, program: Program) -> None:
    browser = world.browser()
    page = await world.consent_page(browser, program.url())
    told = answer_of(await browser.submit(page.text, decision="deny"))
    assert (told["error"], told["state"], told["iss"]) == ("access_denied", "its state", BASE)
    assert "code" not in told
    assert not await world.server.grants.of_user("alice")


async def test_the_page_says_who_asks_and_who_one_is(world: World, program: Program) -> None:
    page = (await world.consent_page(world.browser("bob"), program.url())).text
    assert "Let A client use your Jupyter server?" in page
    assert "<strong>bob</strong>" in page
    assert "127.0.0.1:4000" in page
    assert "nobody has checked its name" in page


async def test_the_page_is_in_no_frame_and_runs_no_script(world: World) -> None:
    client = await world.registered(
        client_name='<script>alert(1)</script> "x" \u202e\u200b', redirect_uris=[WEB]
    )
    program = Program(world=world, client_id=client["client_id"], redirect_uri=WEB)
    answer = await world.consent_page(world.browser(), program.url())
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    # Chromium would apply it to where the client leads the browser after that, as to a page of success.
    assert "form-action" not in policy
    assert answer.headers["cache-control"] == "no-store"
    # With `no-referrer` a browser sends the form with the origin `null`, which is refused.
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "\u202e" not in answer.text


WRONG: list[tuple[dict[str, str | None], str]] = [
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": None}, "unsupported_response_type"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"resource": "https://elsewhere.example.org/mcp"}, "invalid_target"),
    ({"resource": f"{BASE}-other/mcp"}, "invalid_target"),
    ({"prompt": "none"}, "interaction_required"),
    ({"request_uri": "https://evil.example.org/r"}, "request_not_supported"),
    ({"state": "x" * 1_001}, "invalid_request"),
]


async def test_a_wrong_request_is_told_to_a_program_of_this_computer(
    world: World, program: Program
) -> None:
    for changed, error in WRONG:
        told = answer_of(await world.browser().open(program.url(**changed)))
        assert (told["error"], told["iss"]) == (error, BASE), changed
        assert "code" not in told


async def test_nobody_is_led_elsewhere_by_a_link_alone(world: World) -> None:
    client = await world.registered(redirect_uris=[WEB])
    program = Program(world=world, client_id=client["client_id"], redirect_uri=WEB)
    answer = await world.browser().open(program.url(response_type="token"))
    assert isinstance(answer, httpx2.Response)
    assert answer.status_code == 400
    link = re.search(r'href="([^"]+)">Back to app.example.com<', answer.text)
    assert link is not None
    assert parse_qs(urlsplit(link[1].replace("&amp;", "&")).query)["error"] == [
        "unsupported_response_type"
    ]


UNKNOWN: list[Callable[[Program], str]] = [
    lambda one: one.url(client_id="nobody"),
    lambda one: one.url(client_id=None),
    lambda one: one.url(redirect_uri="https://evil.example.org/"),
    lambda one: one.url(redirect_uri="http://127.0.0.1:4000/other"),
    lambda one: one.url(redirect_uri="http://127.0.0.1:4000/callback?more=1"),
    lambda one: one.url(redirect_uri="http://127.0.0.1.evil.example.org:4000/callback"),
    lambda one: one.url(redirect_uri="http://evil@127.0.0.1:4000/callback"),
    lambda one: one.url(redirect_uri="http://localhost:4000/callback"),
    lambda one: one.url(redirect_uri="https://127.0.0.1:4000/callback"),
    lambda one: one.url(redirect_uri="http://127.0.0.1:4000\\@evil.example.org/callback"),
    lambda one: one.url(redirect_uri=None),
    lambda one: f"{one.url()}&client_id=another",
    lambda one: f"{one.url()}&redirect_uri=https://evil.example.org/",
    lambda one: f"{one.url()}&{'x' * 9_000}=1",
    lambda one: one.url(client_id="https://claude.ai/oauth/metadata"),
]


async def test_an_unknown_client_or_address_is_answered_with_a_page(
    world: World, program: Program
) -> None:
    for number, url in enumerate(UNKNOWN):
        answer = await world.browser().open(url(program))
        assert isinstance(answer, httpx2.Response), f"{number} led to {answer}"
        assert answer.status_code == 400, number
        assert "This login cannot begin" in answer.text


@pytest.mark.parametrize(
    ("registered", "asked"),
    [
        (REDIRECT, "http://127.0.0.1:65000/callback"),
        ("http://localhost/callback", "http://localhost:3118/callback"),
        ("http://[::1]/callback", "http://[::1]:3118/callback"),
        ("cursor://anysphere.cursor-mcp/oauth", "cursor://anysphere.cursor-mcp/oauth"),
    ],
)
async def test_a_program_of_this_computer_has_whatever_port(
    world: World, registered: str, asked: str
) -> None:
    client = await world.registered(redirect_uris=[registered])
    program = Program(world=world, client_id=client["client_id"], redirect_uri=asked)
    answer = await program.redeem(await program.code())
    assert answer.status_code == 200, answer.text


async def test_without_a_resource_the_token_is_for_mcp(world: World, program: Program) -> None:
    told = await world.allowed(world.browser(), program.url(resource=None))
    token = (await program.redeem(told["code"], resource=None)).json()["access_token"]
    assert await world.server.hub_token(token, f"{BASE}/mcp")
    assert await world.server.hub_token(token, f"{BASE}/jmcp/v1/tools") is None


# -- the login at the Hub ------------------------------------------------------------------------


async def test_the_answer_of_the_hub_counts_in_the_browser_that_was_sent(
    world: World, program: Program
) -> None:
    sent = await world.browser().open(program.url())
    assert isinstance(sent, str)
    other = await world.browser("mallory").open(world.hub.log_in(sent, "mallory"))
    assert isinstance(other, httpx2.Response)
    assert other.status_code == 400
    assert "not known here" in other.text


async def test_a_forged_state_is_refused(world: World, program: Program) -> None:
    browser = world.browser()
    sent = await browser.open(program.url())
    assert isinstance(sent, str)
    answer = await browser.open(world.hub.log_in(sent, "alice", state="forged"))
    assert isinstance(answer, httpx2.Response)
    assert answer.status_code == 400


async def test_the_cookie_of_another_login_is_refused(world: World, program: Program) -> None:
    """Somebody who can set cookies gives the browser his own login's, under the name of this one's."""
    browser, theirs = world.browser(), world.browser("mallory")
    mine, foreign = await browser.open(program.url()), await theirs.open(program.url())
    assert isinstance(mine, str)
    assert isinstance(foreign, str)
    ((name, _),) = browser.http.cookies.items()
    ((_, sealed),) = theirs.http.cookies.items()
    answer = await world.public.get(
        world.hub.log_in(mine, "mallory"), headers={"Cookie": f"{name}={sealed}"}
    )
    assert answer.status_code == 400


async def test_a_code_of_the_hub_for_another_login_is_refused(
    world: World, program: Program
) -> None:
    """Mix-up: the code of one login is sent with the state of another one."""
    browser = world.browser()
    first, second = await browser.open(program.url()), await browser.open(program.url())
    assert isinstance(first, str)
    assert isinstance(second, str)
    foreign = parse_qs(urlsplit(world.hub.log_in(first, "mallory")).query)["code"][0]
    told = answer_of(await browser.open(world.hub.log_in(second, "alice", code=foreign)))
    assert told["error"] == "server_error"


async def test_a_refusal_of_the_hub_is_told(world: World, program: Program) -> None:
    browser = world.browser()
    sent = await browser.open(program.url())
    assert isinstance(sent, str)
    told = answer_of(await browser.open(world.hub.log_in(sent, "alice", error="access_denied")))
    assert (told["error"], told["state"]) == ("access_denied", "its state")


async def test_a_hub_that_is_away_ends_in_a_page(world: World, program: Program) -> None:
    browser = world.browser()
    sent = await browser.open(program.url())
    assert isinstance(sent, str)
    world.hub.away = True
    answer = await browser.open(world.hub.log_in(sent, "alice"))
    assert isinstance(answer, httpx2.Response)
    assert answer.status_code == 503


# -- consent -------------------------------------------------------------------------------------


async def test_consent_needs_the_page_s_own_token(world: World, program: Program) -> None:
    browser = world.browser()
    await world.consent_page(browser, program.url())
    for form in ({"decision": "allow"}, {"decision": "allow", "csrf": "guessed"}):
        answer = await browser.open(browser.url, form=form)
        assert isinstance(answer, httpx2.Response), f"led to {answer}"
        assert answer.status_code == 403
    assert not await world.server.grants.of_user("alice")


async def test_consent_is_not_given_from_another_origin(world: World, program: Program) -> None:
    browser = world.browser()
    page = await world.consent_page(browser, program.url())
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf is not None
    answer = await browser.http.post(
        browser.url,
        data={"decision": "allow", "csrf": csrf[1]},
        headers={"Origin": "https://evil.example.org"},
    )
    assert answer.status_code == 403


async def test_consent_is_asked_of_the_browser_that_logged_in(
    world: World, program: Program
) -> None:
    browser = world.browser()
    page = await world.consent_page(browser, program.url())
    other = world.browser("mallory")
    other.url = browser.url
    answer = await other.submit(page.text, decision="allow")
    assert isinstance(answer, httpx2.Response)
    assert answer.status_code == 400


async def test_consent_is_given_once(world: World, program: Program) -> None:
    browser = world.browser()
    page = await world.consent_page(browser, program.url())
    question = browser.url
    assert "code" in answer_of(await browser.submit(page.text, decision="allow"))
    browser.url = question
    again = await browser.submit(page.text, decision="allow")
    assert isinstance(again, httpx2.Response)
    assert again.status_code == 400


async def test_of_several_answers_at_once_one_counts(
    world: World, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = world.browser()
    page = await world.consent_page(browser, program.url())
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf is not None
    form = {"decision": "allow", "csrf": csrf[1]}
    together, get = asyncio.Barrier(4), world.records.get

    async def get_together(kind: Kind, key: str) -> Record | None:
        found = await get(kind, key)
        await together.wait()
        return found

    monkeypatch.setattr(world.records, "get", get_together)
    answers = await asyncio.gather(*(browser.http.post(browser.url, data=form) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [303, 400, 400, 400]


async def test_consent_is_open_for_ten_minutes(world: World, program: Program) -> None:
    browser = world.browser()
    page = await world.consent_page(browser, program.url())
    world.clock.now += CONSENT_SECONDS
    answer = await browser.submit(page.text, decision="allow")
    assert isinstance(answer, httpx2.Response)
    assert answer.status_code == 400


async def test_questions_without_an_answer_do_not_fill_the_browser(
    world: World, program: Program
) -> None:
    browser = world.browser()
    for _ in range(3 * KEPT_FLOWS):
        page = await world.consent_page(browser, program.url())
    assert len([*browser.http.cookies.jar]) <= KEPT_FLOWS
    assert "code" in answer_of(await browser.submit(page.text, decision="allow"))


async def test_the_next_login_asks_again(world: World, program: Program) -> None:
    browser = world.browser()
    await world.allowed(browser, program.url())
    page = await world.consent_page(browser, program.url())
    assert "Let A client use your Jupyter server?" in page.text
