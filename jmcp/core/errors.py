"""The families of errors that jmcp raises on purpose; what is none of these is a bug.

`SpecError` lives in `jmcp_codegen`, because only code generation raises it.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final, Literal, Self

Fault = Literal["client", "server"]
Retry = Literal["never", "later"]

ENDS_TASK: Final = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit)
"""What ends a task on purpose.

Everything else is a failure, also where it is no Exception: a native library that panics raises a
BaseException (PyO3's PanicException). Where one failure must not end the work of others, catch
ENDS_TASK first and raise it again, then BaseException.
"""


class JmcpError(Exception):
    """Base of every error that jmcp raises on purpose."""


class ServeError(JmcpError):
    """Why no server was started: one line, which says what to do about it."""


class ToolError(JmcpError):
    """One entry of the closed vocabulary of the spec; the subclasses are generated.

    `message` states the fact, the limit and the next call, because an agent acts on it. `details`
    is JSON data for a program: small, and never a token or another owner's session id.
    """

    code: ClassVar[str]
    http: ClassVar[int]
    fault: ClassVar[Fault]
    retry: ClassVar[Retry]

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def payload(self) -> dict[str, Any]:
        """The error as JSON: `code`, `message`, `fault`, `retry`, `details`."""
        return {
            "code": self.code,
            "message": self.message,
            "fault": self.fault,
            "retry": self.retry,
            "details": self.details,
        }


class BackendError(JmcpError):
    """What documents and kernels raise. `POLICY.backend_errors` maps each to one ToolError.

    `kind` is the class name in snake case, which is the key of that table in `sessions.yaml`.
    """

    kind: ClassVar[str] = "backend_error"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class NotebookMissing(BackendError):
    """No notebook at that path."""

    kind = "notebook_missing"


class NotebookExists(BackendError):
    """A file is already at the path of a notebook to be created."""

    kind = "notebook_exists"


class FileExists(BackendError):
    """A file is already at a path, and was not to be replaced."""

    kind = "file_exists"


class NotebookBroken(BackendError):
    """The file is not a notebook: not JSON, or not nbformat 4."""

    kind = "notebook_broken"


class NotebookTooLarge(BackendError):
    """The notebook is larger than the configured limit."""

    kind = "notebook_too_large"


class PathRefused(BackendError):
    """The path leaves the server's root, is absolute, hidden, or not a notebook's."""

    kind = "path_refused"


class DirectoryMissing(BackendError):
    """No directory at that path."""

    kind = "directory_missing"


class WriteRefused(BackendError):
    """The document could not take the edit: read-only, replaced on disk, or disconnected."""

    kind = "write_refused"


class StateUnavailable(BackendError):
    """What has to outlive the process could not be read or written: disk full, read-only, locked.

    Stores raise it by one of these constructors, whose texts are for logs. A server gives them a
    subclass instead, with the sentences of the spec.
    """

    kind = "state_unavailable"

    @classmethod
    def not_writable(cls, *, folder: str, reason: str) -> Self:
        return cls(f"not_writable {folder}: {reason}")

    @classmethod
    def unusable(cls, *, file: str, reason: str) -> Self:
        return cls(f"unusable {file}: {reason}")

    @classmethod
    def locked(cls, *, file: str) -> Self:
        return cls(f"locked {file}")

    @classmethod
    def newer(cls, *, file: str, schema: int, known: int) -> Self:
        return cls(f"newer {file}: {schema} > {known}")

    @classmethod
    def contended(cls, *, file: str) -> Self:
        return cls(f"contended {file}")

    @classmethod
    def contended_in_redis(cls) -> Self:
        return cls("contended_in_redis")

    @classmethod
    def silent_redis(cls, *, reason: str) -> Self:
        return cls(f"silent_redis: {reason}")


class KernelMissing(BackendError):
    """No kernel has that id."""

    kind = "kernel_missing"


class KernelTaken(BackendError):
    """The kernel belongs to another notebook."""

    kind = "kernel_taken"


class KernelspecMissing(BackendError):
    """The kernelspec that the notebook or the call names is not installed."""

    kind = "kernelspec_missing"


class KernelDown(BackendError):
    """The kernel is dead, or did not start or answer within its limit."""

    kind = "kernel_down"


class JupyterUnreachable(BackendError):
    """The Jupyter Server that jmcp works on does not answer."""

    kind = "jupyter_unreachable"


class JupyterRefused(BackendError):
    """The Jupyter Server does not accept jmcp's token, or does not let it do this."""

    kind = "jupyter_refused"
