"""The settings of a server, however it is started; `jmcp.options.table` has their options."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from jmcp.core.outputs.output_limits import Beyond
from jmcp.core.sessions.shared_session import FIRST_RUN, SharedSession
from jmcp.transport.mcp.result_form import DEFAULT_STRUCTURED, Structured
from jmcp.transport.mcp.session_limits import (
    DEFAULT_IDLE_HOURS,
    DEFAULT_MAX_SESSIONS,
    SessionLimits,
)
from jmcp_api.limits import NOTEBOOK_MIB

LogFormat = Literal["text", "json"]
MIB = 2**20
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Fixed when the server starts. None means the value of `spec/sessions.yaml`.

    `store` is `sqlite`, `memory` or the URL of a Redis (`redis://...`). A session may be idle for
    `session_hours`. `read_only`, `allow_tools` and `deny_tools` narrow what every caller may do: a
    tool is allowed if `allow_tools` is empty or has it, and `deny_tools` does not have it.
    With `single_session` or a `notebook`, calls without a session_id share a session, in which that
    notebook is opened; `notebook_kernel` is as `SharedSession.kernel`.
    `calls_per_second` and `owner_calls_per_second` are rates of one session and of one principal;
    0 is no limit. Sizes are in MiB. Of MCP sessions of the handshake era, `max_mcp_sessions` may be
    open, each unused for `mcp_session_hours`. `structured` is which MCP clients get structured content
    beside text. `images`: results carry images. `beyond_output_limit` is what becomes of a run that puts
    out more than is kept of one. `allow_origins` are exact, for browsers of other sites.
    Pages of `frame_ancestors` may show the workbench and JupyterLab in a frame.
    `external_url` is where browsers reach Jupyter, where that is another URL than here.
    `traces`: calls are traced, and sent where OTEL_EXPORTER_OTLP_ENDPOINT says.
    `audit_log` is the file that calls are written to, with sources and outputs if `audit_content`.
    """

    # Not in the repr, because the URL of a Redis may have a password.
    store: str = field(default="sqlite", repr=False)
    session_hours: float | None = None
    read_only: bool = False
    allow_tools: tuple[str, ...] = ()
    deny_tools: tuple[str, ...] = ()
    single_session: bool = False
    notebook: str | None = None
    notebook_kernel: str = FIRST_RUN
    calls_per_second: float | None = None
    owner_calls_per_second: float | None = None
    max_request_mib: int = 64
    max_notebook_mib: int = NOTEBOOK_MIB
    max_mcp_sessions: int = DEFAULT_MAX_SESSIONS
    mcp_session_hours: float = DEFAULT_IDLE_HOURS
    structured: Structured = DEFAULT_STRUCTURED
    images: bool = True
    beyond_output_limit: Beyond | None = None
    allow_hidden: bool = False
    allow_origins: tuple[str, ...] = ()
    frame_ancestors: tuple[str, ...] = ()
    external_url: str | None = None
    audit_log: Path | None = None
    audit_content: bool = False
    log_format: LogFormat = "text"
    traces: bool = False

    @property
    def mcp_sessions(self) -> SessionLimits:
        return SessionLimits(
            count=self.max_mcp_sessions, idle_seconds=self.mcp_session_hours * SECONDS_PER_HOUR
        )

    @property
    def shared(self) -> SharedSession | None:
        """The session that calls without a session_id share; None where they do not."""
        if not self.single_session and self.notebook is None:
            return None
        return SharedSession(notebook=self.notebook, kernel=self.notebook_kernel)

    @property
    def origins(self) -> frozenset[str]:
        """`allow_origins` as browsers send them."""
        return frozenset(origin.lower() for origin in self.allow_origins)
