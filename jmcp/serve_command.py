"""`jmcp serve`: its options, and which server they mean."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit, urlunsplit

from jmcp import config
from jmcp.client_config import endpoint, stdio_config
from jmcp.config import IfUnavailable, Transport, Where
from jmcp.listener import ServeError
from jmcp.runtime.transport.wire import Wire
from jmcp_api.mcp import TOOLSETS

PAGES = re.compile(r"/(lab|tree|notebooks)(/tree/.*|/)?$")
"""What follows base_url in the URL that Jupyter prints, or that a browser shows."""

DEFAULT_PORT = 8888
JUPYTER_TOKENS = ("JMCP_JUPYTER_TOKEN", "JUPYTER_TOKEN")

EPILOG = """\
Each option that takes a value is also a variable: JMCP_PORT for --port, JMCP_JUPYTER_TOKEN for
--jupyter-token. Give tokens as variables: other users of a machine can read the arguments of its
processes. jmcp takes them out of its environment.

examples:
  jmcp serve
      JupyterLab with jmcp in it, on this folder
  JMCP_JUPYTER_TOKEN=... jmcp serve --jupyter-url http://127.0.0.1:8888
      jmcp on a Jupyter Server that runs already
  JMCP_JUPYTER_TOKEN=... jmcp serve --jupyter-url http://127.0.0.1:8888 --transport stdio
      the same for an MCP client that starts its servers itself (--print-config prints what such
      a client needs)
"""


def add_to(commands: Any, *, run: Callable[[argparse.Namespace], int]) -> None:
    """Add the command to the subparsers of a command line."""
    command = commands.add_parser(
        "serve",
        help="serve MCP and REST: JupyterLab with jmcp in it, or jmcp on a Jupyter elsewhere",
        description="Start JupyterLab with jmcp in it; with --jupyter-url, jmcp alone, which works "
        "on the Jupyter Server there.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--transport",
        metavar="NAME",
        type=_one_of(Transport),
        default=_variable("TRANSPORT", "streamable-http"),
        help="how MCP clients connect: streamable-http or stdio (%(default)s)",
    )
    command.add_argument(
        "--toolset",
        metavar="NAMES",
        default=_variable("TOOLSET", "core"),
        help="toolsets for MCP clients, comma-separated (%(default)s)",
    )
    command.add_argument("--verbose", action="store_true", help="show what is logged")
    command.add_argument(
        "--print-config",
        action="store_true",
        help="print what an MCP client needs for this server, tokens included, and end",
    )

    http = command.add_argument_group("HTTP")
    http.add_argument(
        "--host", default=_variable("HOST", "127.0.0.1"), help="address to listen on (%(default)s)"
    )
    http.add_argument(
        "--port",
        type=int,
        default=_variable("PORT"),
        help=f"({DEFAULT_PORT}; 0: any free one, as JupyterLab has over stdio)",
    )
    http.add_argument("--token", help="what clients send, instead of the one kept for you")

    lab = command.add_argument_group("JupyterLab in the same process")
    lab.add_argument(
        "--root-dir",
        metavar="DIR",
        type=Path,
        default=_variable("ROOT_DIR", "."),
        help="folder to serve (.)",
    )
    lab.add_argument("--no-browser", action="store_true", help="do not open JupyterLab")

    elsewhere = command.add_argument_group("Jupyter elsewhere")
    elsewhere.add_argument(
        "--jupyter-url",
        metavar="URL",
        default=_variable("JUPYTER_URL"),
        help="the Jupyter Server to work on, with its base_url, as in https://hub/user/NAME/",
    )
    elsewhere.add_argument("--jupyter-token", metavar="TOKEN", help="its token")
    for kind, what in (("document", "the notebooks"), ("kernel", "the kernels")):
        elsewhere.add_argument(
            f"--{kind}-url",
            metavar="URL",
            default=_variable(f"{kind.upper()}_URL"),
            help=f"another server for {what}, on the same folder",
        )
        elsewhere.add_argument(f"--{kind}-token", metavar="TOKEN", help="its token")
    elsewhere.add_argument(
        "--if-unavailable",
        metavar="WHAT",
        type=_one_of(IfUnavailable),
        default=_variable("IF_UNAVAILABLE"),
        help="when that server does not answer or refuses the token at start: exit (status 1), "
        "or retry until it does, while tools say why (exit; over stdio, where the client would not "
        "start jmcp again, retry)",
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Serve until it is stopped. Raises ServeError."""
    toolsets = tuple(name for name in arguments.toolset.split(",") if name)
    if unknown := set(toolsets) - set(TOOLSETS):
        known = ", ".join(TOOLSETS)
        raise ServeError(f"no toolset {', '.join(sorted(unknown))}; --toolset takes: {known}")
    if arguments.jupyter_url or arguments.document_url or arguments.kernel_url:
        _elsewhere(arguments, toolsets)
    else:
        _lab(arguments, toolsets)


def _lab(arguments: argparse.Namespace, toolsets: tuple[str, ...]) -> None:
    root_dir = arguments.root_dir.resolve()
    if not root_dir.is_dir():
        raise ServeError(f"{root_dir} is not a folder; name one with --root-dir")
    over_stdio = arguments.transport == "stdio"
    token = arguments.token or config.taken_token(os.environ)
    if arguments.print_config:
        _print_config(arguments, token, {"--root-dir": str(root_dir)}, {"JMCP_TOKEN": token})
        return
    options = config.ServeOptions(
        root_dir=root_dir,
        host=arguments.host,
        port=_port(arguments),
        token=token or config.kept_token(config.folder()),
        toolsets=toolsets,
        # Whoever starts a client did not ask for a browser.
        browser=not (arguments.no_browser or over_stdio),
        verbose=arguments.verbose,
    )
    if over_stdio:
        # Before the imports below, which may print as well as anything else.
        wire = Wire.taken()
        from jmcp.beside import serve_beside

        serve_beside(options, wire)
    else:
        from jmcp import serve

        serve.serve(options)


def _port(arguments: argparse.Namespace) -> int:
    """Over stdio any free one: a client may start several."""
    if arguments.port is not None:
        return int(arguments.port)
    return 0 if arguments.transport == "stdio" else DEFAULT_PORT


def _elsewhere(arguments: argparse.Namespace, toolsets: tuple[str, ...]) -> None:
    over_stdio = arguments.transport == "stdio"
    token = arguments.token or config.taken_token(os.environ, ("JMCP_TOKEN",))
    documents, kernels = _servers(arguments)
    if arguments.print_config:
        named = _named(documents, kernels)
        _print_config(arguments, token, named["options"], named["variables"])
        return
    # Before the imports below, which may print as well as anything else.
    wire = Wire.taken() if over_stdio else None
    options = config.StandaloneOptions(
        documents=documents,
        kernels=kernels,
        wire=wire,
        host=arguments.host,
        port=_port(arguments),
        token=token or config.kept_token(config.folder()),
        toolsets=toolsets,
        if_unavailable=arguments.if_unavailable or ("retry" if over_stdio else "exit"),
        verbose=arguments.verbose,
    )
    from jmcp import standalone

    standalone.serve(options)


def _named(documents: Where, kernels: Where) -> dict[str, dict[str, str]]:
    """The options and the variables that name these servers."""
    by_kind = {"jupyter": documents}
    if documents != kernels:
        by_kind = {"document": documents, "kernel": kernels}
    return {
        "options": {f"--{kind}-url": server.url for kind, server in by_kind.items()},
        "variables": {
            f"JMCP_{kind.upper()}_TOKEN": server.token or "" for kind, server in by_kind.items()
        },
    }


def _print_config(
    arguments: argparse.Namespace,
    token: str,
    options: Mapping[str, str],
    variables: Mapping[str, str],
) -> None:
    """The configuration of a client that starts this server, or that finds it running."""
    if arguments.transport == "stdio":
        # A client's PATH is not a terminal's: what runs now is what it has to run.
        command = [shutil.which("jmcp") or sys.executable]
        command += [] if command[0].endswith("jmcp") else ["-m", "jmcp"]
        command += ["serve", "--transport", "stdio"]
        for name, value in options.items():
            command += [name, value]
        if arguments.toolset != "core":
            command += ["--toolset", arguments.toolset]
        known = {name: value for name, value in variables.items() if value}
        printed = stdio_config(command, known)
    else:
        token = token or config.kept_token(config.folder())
        printed = endpoint(arguments.host, _port(arguments), "", token).client_config
    sys.stdout.write(f"{printed}\n")


def _servers(arguments: argparse.Namespace) -> tuple[Where, Where]:
    """Where documents and kernels are. Raises ServeError."""
    shared = arguments.jupyter_token or config.taken_token(os.environ, JUPYTER_TOKENS)
    document = arguments.document_token or config.taken_token(os.environ, ("JMCP_DOCUMENT_TOKEN",))
    kernel = arguments.kernel_token or config.taken_token(os.environ, ("JMCP_KERNEL_TOKEN",))
    return (
        where("document", arguments.document_url or arguments.jupyter_url, document or shared),
        where("kernel", arguments.kernel_url or arguments.jupyter_url, kernel or shared),
    )


def where(kind: str, url: str | None, token: str) -> Where:
    """A server by any URL of it that a person may have. Raises ServeError."""
    if not url:
        raise ServeError(f"name the server of {kind}s too, with --{kind}-url or --jupyter-url")
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none
        known = False
    if not known or parts.username or parts.password:
        raise ServeError(
            f"--{kind}-url or --jupyter-url is not the URL of a server, as in http://127.0.0.1:8888/"
        )
    path = PAGES.sub("", parts.path).rstrip("/")
    in_url = parse_qs(parts.query).get("token", [""])[0]
    return Where(
        url=urlunsplit((parts.scheme, parts.netloc, f"{path}/", "", "")),
        token=token or in_url or None,
    )


def _one_of(choices: Any) -> Callable[[str], str]:
    """A type for argparse, which checks `choices` only for what stands on the command line."""
    names = get_args(choices)

    def chosen(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"{text!r} is none of: {', '.join(names)}")
        return text

    return chosen


def _variable(option: str, otherwise: str | None = None) -> str | None:
    """The value of an option that is not given: its variable, or the default."""
    return os.environ.get(f"JMCP_{option}") or otherwise
