"""Why a token does not open the server."""

from __future__ import annotations

from typing import Literal

OAuthError = Literal["invalid_token", "insufficient_scope"]


class Refusal(Exception):
    """A token is refused, or nobody can tell now whether it is good.

    `error` is what OAuth calls it in a challenge; None where another token of the same person, or
    waiting, is no remedy that a client could find by itself. `retry_after` is in seconds.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str | None = None,
        error: OAuthError | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code
        self.error = error
        self.retry_after = retry_after

    def again(self) -> Refusal:
        """The same, to be raised once more: an exception keeps where it was raised."""
        return Refusal(
            self.status,
            self.detail,
            code=self.code,
            error=self.error,
            retry_after=self.retry_after,
        )


def invalid(why: str) -> Refusal:
    """The token is none, or none for this server. `why` is a sentence, without the token."""
    return Refusal(401, why, error="invalid_token")


class Away(Refusal):
    """The provider does not answer, or not with what is needed to judge a token."""

    def __init__(self, detail: str, retry_after: float) -> None:
        super().__init__(503, detail, code="provider_unavailable", retry_after=retry_after)

    def again(self) -> Away:
        return type(self)(self.detail, self.retry_after or 0.0)
