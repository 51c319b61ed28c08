"""What the gateway itself answers, where a user's server does not: sentences for an agent."""

from __future__ import annotations

from typing import Any

from jmcp.hub.gateway.servers import ServerFailed
from jmcp.transport.problems import problem_body

LOST = (
    "Your Jupyter server ended, or its connection broke, before it answered: the call may have been "
    "carried out or not. Read the notebook before you make the call again. The server is started "
    "again at the next call; its kernels, and the variables in them, are gone if it ended."
)
CUT = (
    "Your Jupyter server stopped answering while this call went on. What it had done until then is "
    "kept; read the notebook before you make the call again. The server is started again at the "
    "next call."
)
TOO_LARGE = (
    "The answer of your Jupyter server is larger than this gateway keeps of one user's answers together. "
    "The call was carried out; read less at once."
)
LATE = (
    "Your Jupyter server has said nothing for {seconds:.0f} s. The call goes on there. A call that "
    "takes longer has to be made with events (Accept: text/event-stream) or, for runs, with `wait`, "
    "which returns an execution_id to ask with."
)
SLOW = (
    "Your Jupyter server is still starting ({message}). It goes on; try again in {seconds:.0f} s."
)
AWAY = (
    "JupyterHub's proxy does not answer, and nothing of the request was passed on; try again later."
)
REFUSED = (
    "Your Jupyter server runs, but what answers there is not jmcp (status {status}: {reason}). Either "
    "jmcp is not installed or not enabled in it, or the token does not open it (it needs the scope "
    "access:servers of its user)."
)
NOT_ADMITTED = "The token does not open your Jupyter server: it lacks the scope access:servers, or was revoked."
REVOKED = "The token of this stream was revoked, or has expired."
STOPPED = (
    "The gateway is being restarted, and could not wait for the answer to this call, which goes on in "
    "your Jupyter server. Read the notebook before you make the call again."
)
SILENT = "JupyterHub says that your server runs, but it does not answer; try again later."


class Failed(Exception):
    """The request ends with an answer of the gateway's own. `retry_after` in seconds."""

    def __init__(
        self, status: int, code: str, message: str, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after = retry_after

    @property
    def problem(self) -> dict[str, Any]:
        details = {} if self.retry_after is None else {"retry_after": self.retry_after}
        return problem_body(self.status, self.message, code=self.code, details=details)


class NotAdmitted(Exception):
    """The user's server does not take the token; nothing was answered yet."""


def lost() -> Failed:
    """The request was sent, and nobody can say what became of it."""
    return Failed(503, "server_stopped", LOST, 5)


def failed_start(failure: ServerFailed) -> Failed:
    """Why a server does not start, for an agent."""
    status = failure.status if failure.status in (403, 429, 503) else 502
    retry_after = failure.retry_after if status != 403 else None
    message = f"Your Jupyter server was not started: {failure.message}"
    return Failed(status, "server_not_started", message, retry_after)
