"""Every error that a tool can raise."""

from __future__ import annotations

from jmcp.core.errors import ToolError


class InvalidArguments(ToolError):
    """The arguments do not fit the tool's schema."""

    code = "invalid_arguments"
    http = 400
    fault = "client"
    retry = "never"


class SessionRequired(ToolError):
    """No session_id was given and it is not clear which session is meant."""

    code = "session_required"
    http = 409
    fault = "client"
    retry = "never"


class SessionNotFound(ToolError):
    """No live session of this caller has that id."""

    code = "session_not_found"
    http = 404
    fault = "client"
    retry = "never"


class NotPermitted(ToolError):
    """The caller's token, or this server, does not allow that."""

    code = "not_permitted"
    http = 403
    fault = "client"
    retry = "never"


class RateLimited(ToolError):
    """Too many calls in a short time; Retry-After says when to go on."""

    code = "rate_limited"
    http = 429
    fault = "client"
    retry = "later"


class SessionLimit(ToolError):
    """The caller has too many sessions or notebooks open."""

    code = "session_limit"
    http = 429
    fault = "client"
    retry = "later"


class NotebookNotOpen(ToolError):
    """The session does not hold that notebook."""

    code = "notebook_not_open"
    http = 404
    fault = "client"
    retry = "never"


class NotebookNotFound(ToolError):
    """No notebook at that path."""

    code = "notebook_not_found"
    http = 404
    fault = "client"
    retry = "never"


class NotebookInvalid(ToolError):
    """The file is not a valid notebook."""

    code = "notebook_invalid"
    http = 409
    fault = "client"
    retry = "never"


class NotebookTooLarge(ToolError):
    """The notebook is larger than the limit."""

    code = "notebook_too_large"
    http = 409
    fault = "client"
    retry = "never"


class PathRefused(ToolError):
    """The path is outside the server's folder, hidden, or not a notebook."""

    code = "path_refused"
    http = 403
    fault = "client"
    retry = "never"


class WriteRefused(ToolError):
    """The document did not take the edit; nothing was changed."""

    code = "write_refused"
    http = 409
    fault = "server"
    retry = "later"


class KernelspecNotFound(ToolError):
    """The notebook's or the call's kernelspec is not installed."""

    code = "kernelspec_not_found"
    http = 409
    fault = "client"
    retry = "never"


class KernelUnavailable(ToolError):
    """The kernel is dead or did not start."""

    code = "kernel_unavailable"
    http = 503
    fault = "server"
    retry = "later"


class ServerStopping(ToolError):
    """jmcp is being stopped and begins nothing new."""

    code = "server_stopping"
    http = 503
    fault = "server"
    retry = "later"


class JupyterUnreachable(ToolError):
    """The Jupyter Server does not answer."""

    code = "jupyter_unreachable"
    http = 503
    fault = "server"
    retry = "later"


class JupyterRefused(ToolError):
    """The Jupyter Server does not accept jmcp's token, or does not let it do this."""

    code = "jupyter_refused"
    http = 502
    fault = "server"
    retry = "never"


class InternalError(ToolError):
    """A bug in jmcp; the message has the id to look for in the log."""

    code = "internal_error"
    http = 500
    fault = "server"
    retry = "never"


class CellNotFound(ToolError):
    """No cell has that index or id."""

    code = "cell_not_found"
    http = 404
    fault = "client"
    retry = "never"


class CellNotCode(ToolError):
    """Only a code cell can be run."""

    code = "cell_not_code"
    http = 409
    fault = "client"
    retry = "never"


class CellChanged(ToolError):
    """Somebody else changed the cell since this session read it."""

    code = "cell_changed"
    http = 409
    fault = "client"
    retry = "never"


class TextNotFound(ToolError):
    """The cell's source does not contain old_string."""

    code = "text_not_found"
    http = 409
    fault = "client"
    retry = "never"


class TextNotUnique(ToolError):
    """old_string occurs more than once and replace_all is not set."""

    code = "text_not_unique"
    http = 409
    fault = "client"
    retry = "never"


class NotebookExists(ToolError):
    """A file is already at that path."""

    code = "notebook_exists"
    http = 409
    fault = "client"
    retry = "never"


class DirectoryNotFound(ToolError):
    """No directory at that path."""

    code = "directory_not_found"
    http = 404
    fault = "client"
    retry = "never"


class KernelNotFound(ToolError):
    """No running kernel has that id."""

    code = "kernel_not_found"
    http = 404
    fault = "client"
    retry = "never"


class KernelTaken(ToolError):
    """That kernel belongs to another notebook."""

    code = "kernel_taken"
    http = 409
    fault = "client"
    retry = "never"


class ExecutionNotFound(ToolError):
    """No execution of this session has that id."""

    code = "execution_not_found"
    http = 404
    fault = "client"
    retry = "never"


class NoKernel(ToolError):
    """The notebook has no kernel yet: nothing has run in it."""

    code = "no_kernel"
    http = 409
    fault = "client"
    retry = "never"
