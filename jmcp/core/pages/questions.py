"""Questions to the person's pages, asked of one after the other until one answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from jmcp.core.pages.pages import Message, Page, PageRefused, Pages

T = TypeVar("T")

ANSWER_SECONDS = 2.0
"""A page that the browser has not put to sleep answers in milliseconds."""
ASKED_PAGES = 4
"""So many are asked at most: 8 s are what a call may cost of which nothing comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAnswer(Generic[T]):
    """What a page answered. `pages` are all of that user's, this one among them."""

    page: Page
    pages: int
    value: T


class NoPage(Exception):
    """None of the user's pages answers. `pages` are connected, None where pages cannot be connected
    to this server; `late`: one was told to do something and did not say within `seconds` that it did."""

    def __init__(self, pages: int | None, *, seconds: float = 0.0, late: bool = False) -> None:
        super().__init__(pages)
        self.pages = pages
        self.seconds = seconds
        self.late = late


async def ask_in_turn(
    pages: Pages | None,
    owner: str,
    what: str,
    details: Message,
    read: Callable[[object], T],
    *,
    seconds: float = ANSWER_SECONDS,
) -> PageAnswer[T]:
    """The answer of the first page that answers, in the order in which the person turned to them.

    `read` makes a value of what the page sent; what is nonsense (ValueError) is no answer. Where
    `seconds` are more than ANSWER_SECONDS a page first has to say that it is awake. Raises NoPage, and
    PageRefused where a page refused and no other one answered.
    """
    if pages is None:
        raise NoPage(None)
    found = pages.of(owner)
    slow = seconds > ANSWER_SECONDS
    refused: PageRefused | None = None
    for page in found[:ASKED_PAGES]:
        if slow and not await _awake(pages, page):
            continue
        try:
            answer = await pages.ask(page, what, details, seconds=seconds)
            return PageAnswer(page=page, pages=len(found), value=read(answer))
        except TimeoutError:
            if slow:  # another page would do it a second time
                raise NoPage(len(found), seconds=seconds, late=True) from None
        except ValueError:
            continue
        except PageRefused as refusal:
            refused = refused or refusal
    if refused is not None:
        raise refused
    raise NoPage(len(found), seconds=ANSWER_SECONDS)


async def _awake(pages: Pages, page: Page) -> bool:
    """Whether the page says something; that it knows no such question is an answer."""
    try:
        await pages.ask(page, "awake", seconds=ANSWER_SECONDS)
    except PageRefused:
        return True
    except TimeoutError:
        return False
    return True
