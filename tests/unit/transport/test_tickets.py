"""Tickets are good once and for a minute, and what they become ends with what they were asked for with."""

from __future__ import annotations

from pathlib import Path

import pytest

from jmcp.core.calls.principal import Principal
from jmcp.state.named_tokens import NamedTokens
from jmcp.transport.entry import tickets as limits
from jmcp.transport.entry.pages import page_path
from jmcp.transport.entry.tickets import PAGE_SECONDS, TICKET_SECONDS, PageTokens, Tickets
from jmcp.transport.problems import Problem
from tests.clock import Clock

OWNER = Principal(name="holder")


def tickets(clock: Clock) -> Tickets:
    return Tickets(lambda _: None, clock=clock)


def code(made: Tickets, ticket: str) -> str:
    with pytest.raises(Problem) as caught:
        made.redeem(ticket)
    return str(caught.value.body["code"])


def test_a_ticket_is_good_once() -> None:
    made = tickets(Clock())
    ticket = made.issue(OWNER)
    assert made.redeem(ticket) == OWNER
    assert code(made, ticket) == "ticket_used"


def test_it_is_good_for_a_minute() -> None:
    clock = Clock()
    made = tickets(clock)
    late, in_time = made.issue(OWNER), made.issue(OWNER)
    clock.now += TICKET_SECONDS - 0.1
    made.redeem(in_time)
    clock.now += 0.1
    assert code(made, late) == "ticket_expired"


@pytest.mark.parametrize("wrong", ["", "x", "\udcff", "ü"])
def test_what_is_none_is_said_to_be(wrong: str) -> None:
    assert code(tickets(Clock()), wrong) == "ticket_unknown"


def test_no_ticket_is_kept_as_it_is() -> None:
    made = tickets(Clock())
    ticket = made.issue(OWNER)
    assert ticket not in repr(vars(made))
    assert len(ticket) >= 32  # of 192 random bits


def test_why_one_is_refused_is_known_until_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MAX_TICKETS", 3)
    clock = Clock()
    made = tickets(clock)
    first, *others = [made.issue(OWNER) for _ in range(3)]
    with pytest.raises(Problem) as caught:
        made.issue(OWNER)
    assert (caught.value.body["status"], caught.value.body["code"]) == (429, "too_many_tickets")
    made.redeem(first)
    newest = made.issue(OWNER)
    assert code(made, first) == "ticket_unknown"
    assert [made.redeem(one) for one in (*others, newest)] == [OWNER] * 3
    clock.now += TICKET_SECONDS + limits.REMEMBERED_SECONDS
    made.issue(OWNER)
    assert code(made, newest) == "ticket_unknown"


def test_a_page_s_token_ends_with_the_named_one(tmp_path: Path) -> None:
    named = NamedTokens(tmp_path)
    text = named.create("reader", ("read",), None)
    reader = named.principal(text)
    assert reader is not None
    made, pages = Tickets(named.with_digest), PageTokens(named.with_digest)
    known = pages.beside(named.principal)
    token, unused = pages.create(made.redeem(made.issue(reader))), made.issue(reader)
    of_page = known(token)
    assert of_page is not None
    assert (of_page.name, of_page.scopes) == ("token:reader", reader.scopes)
    assert of_page.of_page
    named.remove("reader")
    # Another one of the same name is another one.
    named.create("reader", ("admin",), None)
    assert known(token) is None
    assert code(made, unused) == "ticket_revoked"


def test_a_page_s_token_expires() -> None:
    clock = Clock()
    pages = PageTokens(lambda _: None, clock=clock)
    token = pages.create(OWNER)
    clock.now += PAGE_SECONDS - 1
    assert pages.principal(token) is not None
    clock.now += 1
    assert pages.principal(token) is None


def test_the_page_that_was_unused_for_longest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PAGES", 2)
    pages = PageTokens(lambda _: None)
    first, second = pages.create(OWNER), pages.create(OWNER)
    pages.principal(first)
    third = pages.create(OWNER)
    assert [pages.principal(one) is not None for one in (first, second, third)] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("/jmcp/workbench", "/jmcp/workbench"),
        ("/lab/tree/a b.ipynb?reset".replace(" ", "%20"), "/lab/tree/a%20b.ipynb?reset"),
        ("/lab/tree/grüße.ipynb", "/lab/tree/gr%C3%BC%C3%9Fe.ipynb"),
        ("/lab/tree/a..b/...ipynb", "/lab/tree/a..b/...ipynb"),
    ],
)
def test_a_page_is_a_path_of_this_server(given: str, meant: str) -> None:
    assert page_path(given) == meant


@pytest.mark.parametrize(
    "given",
    [
        "",
        "lab",
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\x00/lab",
        " //evil.example",
        "javascript:alert(1)",
        "/..//evil.example",
        "/lab/../../evil",
        "/lab/%2e%2e/x",
        "/lab/%252e%252e/x",
        "/lab/..%2f..%2fx",
        "/lab/..%5c..%5cx",
        "/./lab",
        "/lab#x",
        "/" + "x" * 4_000,
    ],
)
def test_what_might_lead_elsewhere_is_none(given: str) -> None:
    with pytest.raises(ValueError, match="next is not a path of this server"):
        page_path(given)
