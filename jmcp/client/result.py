"""The base of all results that clients get."""

from __future__ import annotations

from typing import Self

from pydantic import PrivateAttr

from jmcp.client.answer import Answer, Image
from jmcp.core.calls.model import Result


class ClientResult(Result):
    """A result, with what a model would be shown of it.

    Fields that a later version of the server has and this one does not know are left out.
    """

    _answer: Answer = PrivateAttr()

    @classmethod
    def model_of_answer(cls, answer: Answer) -> Self:
        """Raises pydantic's ValidationError for what is no such result."""
        made = cls.model_validate(answer.result, extra="ignore")
        made._answer = answer
        return made

    @property
    def text_content(self) -> str:
        """The result as text, as a model reads it."""
        return self._answer.text

    @property
    def image_content(self) -> tuple[Image, ...]:
        """The images that go beside the text."""
        return self._answer.images
