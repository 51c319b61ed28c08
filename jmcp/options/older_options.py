"""The options and variables of jupyter-mcp-server and its relatives, and what each is here.

Imports next to nothing: `jmcp connect`, which has to start at once, looks whether one was given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jmcp.options.option_types import (
    Choice,
    Integer,
    OptionType,
    Switch,
    Text,
    check_kernel,
    check_notebook,
)

DEFAULT_JUPYTER_URL = "http://localhost:8888"
DEFAULT_SERVER_URL = "http://localhost:4040"
START = "start"
CONNECT = "connect"
STOP = "stop"
NOT_GIVEN = frozenset({"", "none", "null"})
"""Values, in lower case, that clients write for no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderOption:
    """One option under all its names, in snake case, the latest first.

    Each name is an argument (`--room-url`), a variable (`ROOM_URL`) and a field of the body of
    PUT /api/connect (`room_url`); `variables` are there where those have other names, and
    `argument` False where there is no argument. `commands` take it.

    `becomes` is the option of jmcp that it is; without one it does nothing here, and `instead` is
    what does. `refused`: jmcp cannot do what it asks for, unless its value is one of `harmless`.
    """

    names: tuple[str, ...]
    help: str
    becomes: str = ""
    type: OptionType = field(default_factory=Text)
    default: Any = None
    variables: tuple[str, ...] = ()
    argument: bool = True
    secret: bool = False
    commands: tuple[str, ...] = (START, CONNECT)
    instead: str = ""
    refused: bool = False
    harmless: tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def flags(self) -> tuple[str, ...]:
        names = self.names if self.argument else ()
        return tuple(f"--{name.replace('_', '-')}" for name in names)

    @property
    def environment(self) -> tuple[str, ...]:
        return self.variables or tuple(name.upper() for name in self.names)


OLDER: tuple[OlderOption, ...] = (
    OlderOption(
        names=("transport",),
        help="how MCP clients connect: stdio or streamable-http",
        becomes="transport",
        type=Choice(("stdio", "streamable-http")),
        default="stdio",
        commands=(START,),
    ),
    OlderOption(
        names=("port",),
        help="port to listen on",
        becomes="port",
        type=Integer(),
        default=4040,
        commands=(START,),
    ),
    OlderOption(
        names=("jupyter_url",),
        help=f"the Jupyter Server of notebooks and kernels ({DEFAULT_JUPYTER_URL})",
        becomes="jupyter_url",
    ),
    OlderOption(names=("jupyter_token",), help="its token", becomes="jupyter_token", secret=True),
    OlderOption(
        names=("document_url", "room_url"),
        help="another server for the notebooks",
        becomes="document_url",
    ),
    OlderOption(
        names=("document_token", "room_token"),
        help="its token",
        becomes="document_token",
        secret=True,
    ),
    OlderOption(
        names=("document_id", "room_id"),
        help="the path of a notebook to open, for calls without use_notebook",
        becomes="notebook",
        type=Text(check_notebook),
    ),
    OlderOption(
        names=("code_sandbox_url", "runtime_url"),
        help="another server for the kernels",
        becomes="kernel_url",
    ),
    OlderOption(
        names=("code_sandbox_token", "runtime_token"),
        help="its token",
        becomes="kernel_token",
        secret=True,
    ),
    OlderOption(
        names=("code_sandbox_id", "runtime_id"),
        help="the running kernel that the notebook gets",
        becomes="notebook_kernel",
        type=Text(check_kernel),
    ),
    OlderOption(
        names=("start_new_code_sandbox", "start_new_runtime"),
        help="start the notebook's kernel at once, unless one runs (true); false: with the first run",
        becomes="notebook_kernel",
        type=Switch(),
        default=True,
        commands=(START,),
    ),
    OlderOption(
        names=("mcp_token",),
        help="what MCP clients send, instead of the token that jmcp keeps for you",
        becomes="token",
        secret=True,
        commands=(START, CONNECT, STOP),
    ),
    OlderOption(
        names=("allow_img_output",),
        help="images in results",
        becomes="images",
        type=Switch(),
        argument=False,
        commands=(START,),
    ),
    OlderOption(
        names=("jupyter_mcp_server_url",),
        help=f"the running server that is meant ({DEFAULT_SERVER_URL})",
        becomes="server_url",
        default=DEFAULT_SERVER_URL,
        commands=(CONNECT, STOP),
    ),
    OlderOption(
        names=("document_provider", "provider"),
        help="jupyter",
        type=Choice(("jupyter", "datalayer")),
        refused=True,
        harmless=("jupyter",),
        instead="jmcp works on Jupyter Servers, and speaks no protocol of Datalayer's. Give the URL "
        "of a Jupyter Server (JUPYTER_URL), or use jupyter-mcp-server for notebooks at Datalayer",
    ),
    OlderOption(
        names=("sandbox_variant",),
        help="jupyter-server",
        refused=True,
        harmless=("jupyter-server", "jupyter_server", "jupyter"),
        instead="code runs in kernels of a Jupyter Server only. Leave it out, or run a Jupyter "
        "Server there and give its URL (CODE_SANDBOX_URL)",
    ),
    OlderOption(
        names=("code_sandbox_channels_url", "code_sandbox_proxy_token"),
        help="",
        variables=("CODE_SANDBOX_CHANNELS_URL", "CODE_SANDBOX_PROXY_TOKEN"),
        secret=True,
        refused=True,
        instead="it is for engines that jmcp does not have. Give the URL and the token of a Jupyter "
        "Server (CODE_SANDBOX_URL, CODE_SANDBOX_TOKEN)",
    ),
    OlderOption(
        names=("jupyter_password", "document_password", "code_sandbox_password"),
        help="",
        secret=True,
        refused=True,
        instead="jmcp logs in with tokens, not with passwords. Give the server's token "
        "(JUPYTER_TOKEN): `jupyter server list` prints it",
    ),
    OlderOption(
        names=("insecure_mcp_noauth",),
        help="",
        type=Switch(),
        refused=True,
        harmless=(False,),
        commands=(START, CONNECT),
        instead="jmcp serves nobody without a token, because whoever calls runs code. Give clients "
        "the token that it prints, or let them start `jmcp connect`, which finds it",
    ),
    OlderOption(
        names=("jupyterlab",),
        help="has no effect",
        type=Switch(),
        default=True,
        harmless=(True,),
        instead="tools that show a notebook in JupyterLab are in the toolset workspace (--toolset core,workspace)",
    ),
    OlderOption(
        names=("open_notebook_in_ui",),
        help="has no effect",
        type=Switch(),
        harmless=(False,),
        instead="a call of prepare_notebook (--toolset core,workspace) opens one in JupyterLab",
    ),
    OlderOption(
        names=("sandbox_environment", "sandbox_gpu"),
        help="has no effect",
        commands=(START,),
        instead="kernels have the environment of their Jupyter Server",
    ),
    OlderOption(
        names=("reconnect_interval",),
        help="has no effect",
        instead="jmcp always connects to kernels again",
    ),
    OlderOption(
        names=("execution_timeout", "max_execution_timeout"),
        variables=("JUPYTER_MCP_EXECUTION_TIMEOUT", "JUPYTER_MCP_MAX_EXECUTION_TIMEOUT"),
        help="has no effect",
        instead="a run has no limit unless the call gives one (timeout); after 50 s (wait) the call "
        "answers how far it is, and get_execution has the rest",
    ),
    OlderOption(
        names=("otel_file",),
        variables=("JUPYTER_MCP_OTEL_FILE",),
        help="has no effect",
        commands=(START,),
        instead="--audit-log writes each call to a file, and /jmcp/metrics has figures",
    ),
    OlderOption(
        names=("allowed_jupyter_mcp_tools", "allowed_jupyter_tools"),
        variables=("ALLOWED_JUPYTER_MCP_TOOLS",),
        help="has no effect",
        instead="run_cells runs all cells or some; --allow-tools narrows what may be called",
    ),
)


def taken_by(command: str) -> tuple[OlderOption, ...]:
    """The options of one of the older commands."""
    return tuple(option for option in OLDER if command in option.commands)


def flags_of(command: str) -> frozenset[str]:
    return frozenset(flag for option in taken_by(command) for flag in option.flags)


def names_one(command: str, arguments: list[str]) -> bool:
    """Whether an option of that older command is among the arguments."""
    flags = flags_of(command)
    return any(argument.partition("=")[0] in flags for argument in arguments)
