"""All options, in one table.

The arguments of `jmcp serve`, the variables, the keys of config.toml and the traits of the Jupyter
extension are made from it, so that the four never differ.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, get_args

from jmcp.core.outputs.output_limits import Beyond
from jmcp.options.option_types import (
    Choice,
    FilePath,
    Integer,
    NameList,
    Number,
    OptionType,
    Switch,
    Text,
    check_claim,
    check_frame_ancestor,
    check_issuer,
    check_kernel,
    check_notebook,
    check_origin,
    check_resource,
    check_store,
    check_url,
)
from jmcp.options.serve_options import IfUnavailable, Page, Transport
from jmcp.options.settings import LogFormat, Settings
from jmcp.plugins.installed import installed_toolsets
from jmcp.transport.mcp.result_form import Structured
from jmcp.transport.oauth.allowed import check_rule
from jmcp_api.mcp import TOOLSETS

DEFAULT_PORT = 8888


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option. `name` is its key in config.toml and, unless `trait` is set, the trait's name.

    `shown` is the default as a person reads it, where `default` does not say it. `secret`: the
    value may hold a password, so it is refused as an argument. `older_variable` is what an older
    server of this kind called its variable.
    """

    name: str
    type: OptionType
    help: str
    metavar: str | None = None
    default: Any = None
    shown: str | None = None
    secret: bool = False
    trait: str = ""
    older_variable: str = ""

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        return f"JMCP_{self.name.upper()}"

    @property
    def described(self) -> str:
        """Its help, with the default."""
        plain = None if self.default is None else self.type.plain(self.default)
        default = ",".join(plain) if isinstance(plain, list) else plain
        if isinstance(default, bool):
            default = "on" if default else "off"
        shown = self.shown or ("" if default is None else str(default))
        return f"{self.help} ({shown})" if shown else self.help


def check_tool(name: str) -> None:
    names = [tool for tools in TOOLSETS.values() for tool in tools]
    # Which tools other packages have is known once they are imported, when a server starts.
    if name not in names and not installed_toolsets():
        raise ValueError(f"no tool {name}; there are: {', '.join(names)}")


DEFAULTS = Settings()

STARTING: tuple[Option, ...] = (
    Option(
        name="transport",
        metavar="NAME",
        type=Choice(get_args(Transport)),
        default="streamable-http",
        help="how MCP clients connect: streamable-http or stdio",
    ),
    Option(
        name="toolset",
        metavar="NAMES",
        type=NameList(),
        default=("core", "apps"),
        help=f"toolsets for MCP clients, comma-separated: {', '.join(TOOLSETS)}, "
        "those of other packages, or all",
    ),
    Option(name="verbose", type=Switch(), default=False, help="show what is logged"),
)

HTTP: tuple[Option, ...] = (
    Option(name="host", type=Text(), default="127.0.0.1", help="address to listen on"),
    Option(
        name="port",
        type=Integer(),
        help="port to listen on",
        shown=f"{DEFAULT_PORT}; 0: any free one, as JupyterLab has over stdio",
    ),
    Option(
        name="browser",
        type=Switch(),
        default=True,
        help="open a page in the browser once the server answers; over stdio none is opened",
    ),
    Option(
        name="open",
        metavar="PAGE",
        type=Choice(get_args(Page)),
        default="workbench",
        help="which one: workbench or lab",
    ),
)

LAB: tuple[Option, ...] = (
    Option(
        name="root_dir", metavar="DIR", type=FilePath(), help="folder to serve", shown="this one"
    ),
    Option(
        name="unused_hours",
        metavar="HOURS",
        type=Number(positive=True),
        help="end after so long without a kernel and without a call or a page",
        shown="never",
    ),
)

REMOTE_SERVERS: tuple[Option, ...] = (
    Option(
        name="jupyter_url",
        metavar="URL",
        type=Text(),
        help="the Jupyter Server to work on, with its base_url, as in https://hub/user/NAME/",
    ),
    Option(
        name="document_url",
        metavar="URL",
        type=Text(),
        help="another server for the notebooks, on the same folder",
    ),
    Option(
        name="kernel_url",
        metavar="URL",
        type=Text(),
        help="another server for the kernels, on the same folder",
    ),
    Option(
        name="if_unavailable",
        metavar="WHAT",
        type=Choice(get_args(IfUnavailable)),
        help="when that server does not answer or refuses the token at start: exit (status 1), "
        "or retry until it does, while tools say why",
        shown="exit; over stdio, where the client would not start jmcp again, retry",
    ),
)

OAUTH: tuple[Option, ...] = (
    Option(
        name="oauth_issuer",
        metavar="URL",
        type=Text(check_issuer),
        help="OpenID provider whose access tokens are taken beside this server's own, as in "
        "https://login.example.org/realms/x",
        shown="none",
    ),
    Option(
        name="oauth_allow",
        metavar="RULES",
        type=NameList(check_rule),
        help="who of its users may come in, comma-separated: claims of the token, as in "
        "email=*@example.org or groups=data-team; one rule is enough",
        shown="none; needed with an issuer",
    ),
    Option(
        name="oauth_resource",
        metavar="URL",
        type=Text(check_resource),
        help="where clients reach MCP, as in https://jmcp.example.org/mcp: what they ask for tokens for",
        shown="below --external-url where that is jmcp's own, else the MCP URL on this machine",
    ),
    Option(
        name="oauth_audience",
        metavar="NAMES",
        type=NameList(),
        help="what the provider calls this server in its tokens, comma-separated; one of them is enough",
        shown="that URL",
    ),
    Option(
        name="oauth_scope",
        metavar="NAMES",
        type=NameList(),
        help="scopes that every token must have, comma-separated",
        shown="none",
    ),
    Option(
        name="oauth_user_claim",
        metavar="NAME",
        type=Text(check_claim),
        help="the claim by which sessions belong to a person: one that nobody else is ever given",
        shown="sub",
    ),
    Option(
        name="oauth_client_id",
        metavar="ID",
        type=Text(),
        help="this server's own client at the provider, to ask about opaque tokens; its secret is in "
        "JMCP_OAUTH_CLIENT_SECRET or a file",
        shown="none: opaque tokens are refused",
    ),
    Option(
        name="oauth_client_secret_file",
        metavar="FILE",
        type=FilePath(),
        help="that file",
        shown="none",
    ),
)

SETTINGS: tuple[Option, ...] = (
    Option(
        name="store",
        metavar="WHERE",
        type=Text(check_store),
        default=DEFAULTS.store,
        secret=True,
        help="where sessions are kept: sqlite, memory, or redis://HOST:PORT/NUMBER",
    ),
    Option(
        name="session_hours",
        metavar="HOURS",
        type=Number(positive=True),
        help="how long a session may be idle",
        shown="24",
    ),
    Option(
        name="read_only",
        type=Switch(),
        default=DEFAULTS.read_only,
        help="only tools that change nothing and run nothing",
    ),
    Option(
        name="allow_tools",
        metavar="NAMES",
        type=NameList(check_tool),
        default=DEFAULTS.allow_tools,
        help="the only tools that may be called, comma-separated",
        shown="all",
    ),
    Option(
        name="deny_tools",
        metavar="NAMES",
        type=NameList(check_tool),
        default=DEFAULTS.deny_tools,
        help="tools that may not be called, comma-separated",
        shown="none",
    ),
    Option(
        name="single_session",
        type=Switch(),
        default=DEFAULTS.single_session,
        help="calls without a session_id share one session, for clients that know no sessions",
    ),
    Option(
        name="notebook",
        metavar="PATH",
        type=Text(check_notebook),
        help="notebook to open at the start, for calls without a session_id, which share a session then",
        shown="none",
    ),
    Option(
        name="notebook_kernel",
        metavar="WHAT",
        type=Text(check_kernel),
        default=DEFAULTS.notebook_kernel,
        help="when its kernel starts, unless one runs: first-run or now; or the id of a running kernel",
    ),
    Option(
        name="calls_per_second",
        metavar="NUMBER",
        type=Number(),
        help="calls of one session; 0: no limit",
        shown="100",
    ),
    Option(
        name="owner_calls_per_second",
        metavar="NUMBER",
        type=Number(),
        help="calls of one user; 0: no limit",
        shown="500",
    ),
    Option(
        name="max_request_mib",
        metavar="MIB",
        type=Integer(1),
        default=DEFAULTS.max_request_mib,
        help="the largest request",
    ),
    Option(
        name="max_notebook_mib",
        metavar="MIB",
        type=Integer(1),
        default=DEFAULTS.max_notebook_mib,
        help="the largest notebook",
    ),
    Option(
        name="max_mcp_sessions",
        type=Integer(1),
        default=DEFAULTS.max_mcp_sessions,
        help="open sessions of MCP clients whose protocol has them (up to 2025-11-25); one more ends "
        "the one that was unused for longest",
    ),
    Option(
        name="mcp_session_hours",
        metavar="HOURS",
        type=Number(positive=True),
        default=DEFAULTS.mcp_session_hours,
        help="how long such a session may be unused",
    ),
    Option(
        name="structured",
        metavar="WHEN",
        type=Choice(get_args(Structured)),
        default=DEFAULTS.structured,
        help="structured content and output schemas for MCP clients: always, never, or auto, which "
        "leaves them out for clients that would give their model nothing else of a result",
    ),
    Option(
        name="images",
        type=Switch(),
        default=DEFAULTS.images,
        older_variable="ALLOW_IMG_OUTPUT",
        help="images in results; without them a notice says that there are some",
    ),
    Option(
        name="beyond_output_limit",
        metavar="WHAT",
        type=Choice(get_args(Beyond)),
        help="what becomes of a run that puts out more than is kept of one: go_on or interrupt",
        shown="go_on",
    ),
    Option(
        name="allow_hidden",
        type=Switch(),
        default=DEFAULTS.allow_hidden,
        help="hidden files and folders too",
    ),
    Option(
        name="allow_origins",
        metavar="ORIGINS",
        type=NameList(check_origin),
        default=DEFAULTS.allow_origins,
        help="other sites whose pages may call, as in https://example.org, comma-separated",
        shown="none",
    ),
    Option(
        name="frame_ancestors",
        metavar="ORIGINS",
        type=NameList(check_frame_ancestor),
        default=DEFAULTS.frame_ancestors,
        help="other sites whose pages may show the workbench and JupyterLab in a frame, as in "
        "https://example.org, comma-separated",
        shown="none",
    ),
    Option(
        name="external_url",
        metavar="URL",
        type=Text(check_url),
        help="where browsers reach Jupyter, with its base_url, as in https://hub.example.org/user/ada/",
        shown="as Jupyter says itself",
    ),
    Option(
        name="audit_log",
        metavar="FILE",
        type=FilePath(),
        help="file to write each call to, as lines of JSON",
        shown="none",
    ),
    Option(
        name="audit_content",
        type=Switch(),
        default=DEFAULTS.audit_content,
        help="write sources and outputs there too",
    ),
    Option(
        name="log_format",
        metavar="FORMAT",
        type=Choice(get_args(LogFormat)),
        default=DEFAULTS.log_format,
        trait="jmcp_log_format",  # Jupyter's applications have a log_format of another kind
        help="how lines are logged: text or json",
    ),
    Option(
        name="traces",
        type=Switch(),
        default=DEFAULTS.traces,
        help="send OpenTelemetry traces of calls as the variables OTEL_... say",
    ),
)

OPTIONS: tuple[Option, ...] = (*STARTING, *HTTP, *LAB, *REMOTE_SERVERS, *OAUTH, *SETTINGS)
BY_NAME = {option.name: option for option in OPTIONS}


def settings_of(values: dict[str, Any]) -> Settings:
    """The settings among the resolved values of all options."""
    return Settings(**{field.name: values[field.name] for field in fields(Settings)})
