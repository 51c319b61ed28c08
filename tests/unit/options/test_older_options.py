"""The options and variables of jupyter-mcp-server, and what `jmcp start` makes of them."""

from __future__ import annotations

import io
import os
from dataclasses import fields
from typing import Any

import pytest

from jmcp.cli import commands, connect
from jmcp.hosting import standalone
from jmcp.options.older_options import CONNECT, OLDER, START, STOP, flags_of
from jmcp.options.serve_options import StandaloneOptions
from jmcp.options.settings import Settings
from jmcp.options.table import BY_NAME
from jmcp.transport.mcp.stdio_fds import StdioFds

DEFAULT = "http://localhost:8888/"
A, B, C = "http://a:1/", "http://b:2/", "http://c:3/"
NO_OPTIONS = frozenset({"jupyter_token", "document_token", "kernel_token", "token", "server_url"})
"""What an older option may become beside an option of the table."""


@pytest.fixture(autouse=True)
def home(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    older = {variable for option in OLDER for variable in option.environment}
    for name in os.environ:
        if name.startswith(("JMCP_", "JUPYTER_")) or name in older:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.fixture
def patch(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return monkeypatch


def started(patch: pytest.MonkeyPatch, variables: dict[str, str], *given: str) -> StandaloneOptions:
    """The options that the server is started with, by the whole command line."""
    found: list[StandaloneOptions] = []
    patch.setattr(standalone, "serve", found.append)
    patch.setattr(StdioFds, "claim", lambda: StdioFds(stdin=0, stdout=1))
    for name, value in variables.items():
        patch.setenv(name, value)
    assert commands.run(["start", *given]) == 0
    return found[0]


def refused(
    patch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    *given: str,
) -> str:
    for name, value in variables.items():
        patch.setenv(name, value)
    assert commands.run(["start", *given]) == 1
    return capsys.readouterr().err


def test_each_older_name_is_one_row_and_becomes_an_option_that_exists() -> None:
    names = [name for option in OLDER for name in option.names]
    assert len(names) == len(set(names))
    for option in OLDER:
        assert bool(option.becomes) != bool(option.instead), option.name
        assert option.becomes in BY_NAME.keys() | NO_OPTIONS | {""}
        assert set(option.commands) <= {START, CONNECT, STOP}


def test_an_older_option_of_connect_is_none_of_its_own() -> None:
    own = {flag for action in connect.parser()._actions for flag in action.option_strings}
    assert not flags_of(CONNECT) & own


PRECEDENCE: list[tuple[dict[str, str], tuple[str, ...], tuple[str, str]]] = [
    # variables, arguments -> the server of documents and that of kernels
    ({}, (), (DEFAULT, DEFAULT)),
    ({"JUPYTER_URL": A}, (), (A, A)),
    ({"JUPYTER_URL": A, "DOCUMENT_URL": B}, (), (B, A)),
    ({"JUPYTER_URL": A, "ROOM_URL": B}, (), (B, A)),
    ({"JUPYTER_URL": A, "RUNTIME_URL": B}, (), (A, B)),
    ({"JUPYTER_URL": A, "CODE_SANDBOX_URL": B}, (), (A, B)),
    ({"JUPYTER_URL": A, "DOCUMENT_URL": B, "RUNTIME_URL": C}, (), (B, C)),
    ({"DOCUMENT_URL": B}, (), (B, DEFAULT)),
    ({"RUNTIME_URL": B}, (), (B, B)),
    ({"JUPYTER_URL": A}, ("--jupyter-url", B), (B, B)),
    ({"JUPYTER_URL": A, "DOCUMENT_URL": B}, ("--room-url", C), (C, A)),
    ({"DOCUMENT_URL": B}, ("--jupyter-url", A), (B, A)),
    ({"JUPYTER_URL": "None", "DOCUMENT_URL": "null", "RUNTIME_URL": ""}, (), (DEFAULT, DEFAULT)),
    ({"JUPYTER_URL": A, "DOCUMENT_URL": " NULL "}, (), (A, A)),
    ({"JMCP_JUPYTER_URL": A}, (), (A, A)),
    ({"JMCP_JUPYTER_URL": A}, ("--jupyter-url", B), (B, B)),
    ({"JMCP_JUPYTER_URL": A, "JUPYTER_URL": A.rstrip("/")}, (), (A, A)),
    ({"JMCP_JUPYTER_URL": A, "DOCUMENT_URL": B}, (), (B, A)),
]


@pytest.mark.parametrize(("variables", "given", "expected"), PRECEDENCE)
def test_precedence_is_individual_over_merged_over_default(
    variables: dict[str, str],
    given: tuple[str, ...],
    expected: tuple[str, str],
    patch: pytest.MonkeyPatch,
) -> None:
    options = started(patch, variables, *given)
    assert (options.documents.url, options.kernels.url) == expected


def test_tokens_have_the_same_precedence_and_leave_the_environment(
    patch: pytest.MonkeyPatch,
) -> None:
    variables = {"JUPYTER_URL": A, "JUPYTER_TOKEN": "both", "ROOM_TOKEN": "documents"}
    options = started(patch, variables)
    assert (options.documents.token, options.kernels.token) == ("documents", "both")
    assert not {"JUPYTER_TOKEN", "ROOM_TOKEN"} & os.environ.keys()
    options = started(patch, {"JUPYTER_TOKEN": "both", "RUNTIME_TOKEN": "None"})
    assert (options.documents.token, options.kernels.token) == ("both", "both")


def test_a_lone_servers_token_is_sent_to_it_alone(patch: pytest.MonkeyPatch) -> None:
    options = started(patch, {"RUNTIME_URL": B, "RUNTIME_TOKEN": "of-b"})
    assert (options.documents.url, options.documents.token) == (B, "of-b")
    options = started(patch, {"DOCUMENT_URL": B, "DOCUMENT_TOKEN": "of-b", "RUNTIME_URL": A})
    assert (options.kernels.url, options.kernels.token) == (A, None)


def test_the_defaults_are_those_of_the_older_servers(patch: pytest.MonkeyPatch) -> None:
    options = started(patch, {})
    assert options.stdio is not None
    assert options.settings.single_session
    assert options.settings.notebook is None
    over_http = started(patch, {"TRANSPORT": "streamable-http"})
    assert (over_http.stdio, over_http.port, over_http.if_unavailable) == (None, 4040, "retry")
    assert over_http.host == "127.0.0.1"  # other machines only when asked for
    assert started(patch, {"TRANSPORT": "streamable-http", "PORT": "4141"}).port == 4141


@pytest.mark.parametrize(
    ("variables", "notebook", "kernel"),
    [
        ({"DOCUMENT_ID": "a.ipynb"}, "a.ipynb", "now"),
        ({"ROOM_ID": "a.ipynb", "START_NEW_RUNTIME": "false"}, "a.ipynb", "first-run"),
        ({"DOCUMENT_ID": "a.ipynb", "RUNTIME_ID": "abc-1"}, "a.ipynb", "abc-1"),
        (
            {"DOCUMENT_ID": "a.ipynb", "RUNTIME_ID": "abc-1", "START_NEW_RUNTIME": "true"},
            "a.ipynb",
            "abc-1",
        ),
        ({"DOCUMENT_ID": "None", "RUNTIME_ID": "null"}, None, "first-run"),
        ({"JMCP_NOTEBOOK": "b.ipynb"}, "b.ipynb", "now"),
        ({"JMCP_NOTEBOOK": "b.ipynb", "JMCP_NOTEBOOK_KERNEL": "first-run"}, "b.ipynb", "first-run"),
    ],
)
def test_the_three_ways_to_enrol_a_notebook(
    variables: dict[str, str], notebook: str | None, kernel: str, patch: pytest.MonkeyPatch
) -> None:
    settings = started(patch, variables).settings
    assert (settings.notebook, settings.notebook_kernel) == (notebook, kernel)


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        *((word, True) for word in ("true", "1", "yes", "on", "enable", "enabled", "TRUE", " On ")),
        *((word, False) for word in ("false", "0", "no", "off", "disable", "disabled", "False")),
        *((word, True) for word in ("", "None", "null")),
    ],
)
def test_booleans_are_the_words_of_the_older_servers(
    word: str, shown: bool, patch: pytest.MonkeyPatch
) -> None:
    assert started(patch, {"ALLOW_IMG_OUTPUT": word}).settings.images is shown


def test_a_boolean_that_is_none_is_refused_and_never_the_default(
    patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(patch, capsys, {"START_NEW_RUNTIME": "perhaps"})
    assert "START_NEW_RUNTIME" in told
    assert "perhaps" in told


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"JUPYTER_URL": A, "JMCP_JUPYTER_URL": B}, ("JUPYTER_URL", "JMCP_JUPYTER_URL")),
        (
            {"JUPYTER_TOKEN": "x1", "JMCP_JUPYTER_TOKEN": "y2"},
            ("JUPYTER_TOKEN", "JMCP_JUPYTER_TOKEN"),
        ),
        ({"ROOM_URL": A, "JMCP_DOCUMENT_URL": B}, ("ROOM_URL", "JMCP_DOCUMENT_URL")),
        ({"RUNTIME_URL": A, "JMCP_KERNEL_URL": B}, ("RUNTIME_URL", "JMCP_KERNEL_URL")),
        ({"DOCUMENT_ID": "a.ipynb", "JMCP_NOTEBOOK": "b.ipynb"}, ("DOCUMENT_ID", "JMCP_NOTEBOOK")),
        (
            {"TRANSPORT": "stdio", "JMCP_TRANSPORT": "streamable-http"},
            ("TRANSPORT", "JMCP_TRANSPORT"),
        ),
        ({"PORT": "1", "JMCP_PORT": "2"}, ("PORT", "JMCP_PORT")),
        ({"MCP_TOKEN": "x1", "JMCP_TOKEN": "y2"}, ("MCP_TOKEN", "JMCP_TOKEN")),
        ({"ALLOW_IMG_OUTPUT": "0", "JMCP_IMAGES": "1"}, ("ALLOW_IMG_OUTPUT", "JMCP_IMAGES")),
        (
            {"START_NEW_RUNTIME": "no", "JMCP_NOTEBOOK_KERNEL": "now"},
            ("START_NEW_RUNTIME", "JMCP_NOTEBOOK_KERNEL"),
        ),
        ({"DOCUMENT_URL": A, "ROOM_URL": B}, ("DOCUMENT_URL", "ROOM_URL")),
        (
            {"RUNTIME_TOKEN": "x1", "CODE_SANDBOX_TOKEN": "y2"},
            ("RUNTIME_TOKEN", "CODE_SANDBOX_TOKEN"),
        ),
    ],
)
def test_an_older_variable_that_contradicts_a_newer_one_is_an_error_that_names_both(
    variables: dict[str, str],
    named: tuple[str, str],
    patch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = refused(patch, capsys, variables)
    for name in named:
        assert f"{name} " in told
    for secret in ("x1", "y2"):
        assert secret not in told


def test_jmcp_serve_refuses_a_contradiction_too(
    patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    patch.setenv("ALLOW_IMG_OUTPUT", "false")
    patch.setenv("JMCP_IMAGES", "true")
    assert commands.run(["serve", "--print-config"]) == 1
    told = capsys.readouterr().err
    assert "ALLOW_IMG_OUTPUT" in told
    assert "JMCP_IMAGES" in told


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"PROVIDER": "datalayer"}, "JUPYTER_URL"),
        ({"DOCUMENT_PROVIDER": "nobody"}, "jupyter, datalayer"),
        ({"SANDBOX_VARIANT": "modal"}, "CODE_SANDBOX_URL"),
        ({"JUPYTER_PASSWORD": "hush"}, "JUPYTER_TOKEN"),
        ({"INSECURE_MCP_NOAUTH": "true"}, "token"),
        ({"JUPYTER_URL": "ftp://x"}, "JUPYTER_URL"),
        ({"ROOM_URL": "http://"}, "ROOM_URL"),
        ({"RUNTIME_URL": "http://h:port"}, "RUNTIME_URL"),
        ({"DOCUMENT_URL": "http://me:hush@h/"}, "DOCUMENT_URL"),
        ({"DOCUMENT_ID": "notes.txt"}, "DOCUMENT_ID"),
        ({"PORT": "many"}, "PORT"),
        ({"TRANSPORT": "sse"}, "TRANSPORT"),
    ],
)
def test_what_jmcp_cannot_do_is_refused_with_what_to_do_instead(
    variables: dict[str, str],
    says: str,
    patch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = refused(patch, capsys, variables)
    assert next(iter(variables)) in told
    assert says in told
    assert "hush" not in told


def test_what_changes_nothing_here_is_said_where_somebody_asked_for_it(
    patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    harmless = {"PROVIDER": "jupyter", "SANDBOX_VARIANT": "jupyter-server", "JUPYTERLAB": "true"}
    started(patch, harmless | {"INSECURE_MCP_NOAUTH": "false"})
    assert capsys.readouterr().err == ""
    started(patch, {"JUPYTER_MCP_EXECUTION_TIMEOUT": "300"})
    told = capsys.readouterr().err
    assert "JUPYTER_MCP_EXECUTION_TIMEOUT" in told
    assert "timeout" in told


def test_options_in_both_names_that_differ_are_refused(
    patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(patch, capsys, {}, "--document-id", "a.ipynb", "--notebook", "b.ipynb")
    assert "--document-id" in told
    assert "--notebook" in told
    options = started(patch, {"DOCUMENT_ID": "a.ipynb"}, "--notebook", "b.ipynb")
    assert options.settings.notebook == "b.ipynb"


def test_who_has_the_room_variables_gets_the_tools_of_that_server(
    patch: pytest.MonkeyPatch,
) -> None:
    assert started(patch, {"JUPYTER_URL": A}).toolsets == ("core", "apps")
    assert started(patch, {"ROOM_URL": A}).toolsets == ("core", "apps", "compat")
    assert started(patch, {"ROOM_URL": A}, "--toolset", "core").toolsets == ("core",)


def test_jmcps_own_options_work_beside_them(patch: pytest.MonkeyPatch) -> None:
    options = started(patch, {"JMCP_READ_ONLY": "1"}, "--store", "memory", "--host", "0.0.0.0")
    assert options.settings.read_only
    assert options.settings.store == "memory"
    assert options.host == "0.0.0.0"
    assert {field.name for field in fields(Settings)} >= {"single_session", "notebook"}


def test_bare_jmcp_and_bare_options_start_as_the_older_group_does(
    patch: pytest.MonkeyPatch,
) -> None:
    found: list[StandaloneOptions] = []
    patch.setattr(standalone, "serve", found.append)
    patch.setattr(StdioFds, "claim", lambda: StdioFds(stdin=0, stdout=1))
    patch.setattr("sys.stdin", io.StringIO())  # no terminal, as a client's pipe
    patch.setenv("JUPYTER_URL", A)
    assert commands.run([]) == 0
    assert commands.run(["--transport", "streamable-http", "--port", "4141"]) == 0
    assert [one.documents.url for one in found] == [A, A]
    assert found[1].port == 4141


def test_bare_jmcp_in_a_terminal_shows_its_commands(
    patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    patch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    with pytest.raises(SystemExit) as ended:
        commands.run([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_connect_without_an_older_option_says_that_the_older_variable_is_not_used(
    patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def claimed() -> StdioFds:
        raise SystemExit

    patch.setattr(StdioFds, "claim", claimed)
    patch.setenv("JUPYTER_MCP_SERVER_URL", "http://localhost:4040")
    with pytest.raises(SystemExit):
        connect.run(["--no-start"])
    assert "JUPYTER_MCP_SERVER_URL" in capsys.readouterr().err
