"""One table of options; every way to set one gives the same settings."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from jmcp.cli import commands, serve
from jmcp.core.errors import ServeError
from jmcp.hosting import embedded_lab, standalone
from jmcp.hosting.extension import JmcpExtension
from jmcp.options import serve_options, sources
from jmcp.options.cli_arguments import as_arguments
from jmcp.options.settings import Settings
from jmcp.options.table import BY_NAME, DEFAULTS, OPTIONS, SETTINGS, Option, settings_of
from jmcp.options.traits import config as traits_of
from jmcp.options.traits import name_of
from jmcp_api.sessions import POLICY
from tests.jupyter_process import StartJupyter

VALUES: dict[str, Any] = {
    "transport": "stdio",
    "toolset": ("core", "core"),
    "verbose": True,
    "host": "0.0.0.0",
    "port": 9999,
    "root_dir": Path("/tmp"),
    "browser": False,
    "open": "lab",
    "unused_hours": 1.5,
    "jupyter_url": "http://127.0.0.1:1/",
    "document_url": "http://127.0.0.1:2/",
    "kernel_url": "http://127.0.0.1:3/",
    "if_unavailable": "retry",
    "oauth_issuer": "https://login.example.org/realms/x",
    "oauth_allow": ("email=*@example.org", "groups=data-team"),
    "oauth_resource": "https://jmcp.example.org/mcp",
    "oauth_audience": ("jmcp", "api://jmcp"),
    "oauth_scope": ("jmcp",),
    "oauth_user_claim": "oid",
    "oauth_client_id": "jmcp",
    "oauth_client_secret_file": Path("/etc/jmcp/secret"),
    "store": "redis://127.0.0.1:6379/3",
    "session_hours": 1.5,
    "read_only": True,
    "single_session": True,
    "notebook": "folder/name.ipynb",
    "notebook_kernel": "now",
    "allow_tools": ("read_cell", "execute_cell"),
    "deny_tools": ("delete_cell",),
    "calls_per_second": 7.0,
    "owner_calls_per_second": 0.0,
    "max_request_mib": 3,
    "max_notebook_mib": 4,
    "max_mcp_sessions": 5,
    "mcp_session_hours": 0.5,
    "structured": "never",
    "images": False,
    "beyond_output_limit": "interrupt",
    "allow_hidden": True,
    "allow_origins": ("https://example.org", "http://[::1]:8080"),
    "frame_ancestors": ("https://example.org", "http://127.0.0.1:8090"),
    "external_url": "https://hub.example.org/user/ada/",
    "audit_log": Path("/var/log/jmcp.jsonl"),
    "audit_content": True,
    "log_format": "json",
    "traces": True,
}
"""Another value than the default, for each option."""

WRONG: dict[str, Any] = {
    "transport": ["sse", 3],
    "toolset": ["core", [1]],
    "verbose": ["maybe", 1, "true"],
    "host": [4],
    "port": ["http", -1, 1.5, True],
    "oauth_issuer": [
        *("login.example.org", "http://login.example.org", "https://h/?x=1", "https://ada:x@h/", 3),
    ],
    "oauth_allow": ["ada", "email=", ["=ada"], [1]],
    "oauth_resource": ["https://h/", "http://jmcp.example.org/mcp", "https://h/mcp?x=1"],
    "oauth_user_claim": ["two words", 3],
    "store": ["postgres://x", 5],
    "session_hours": ["soon", 0, -1, True, float("nan"), float("inf")],
    "calls_per_second": ["fast", -1],
    "notebook": ["name.txt", 3],
    "notebook_kernel": ["two words"],
    "max_mcp_sessions": [0, 1.5],
    "mcp_session_hours": ["soon", 0],
    "allow_origins": ["example.org", ["https://example.org/"], ["https://example.org/path"]],
    "frame_ancestors": [
        *(
            "example.org",
            "*",
            "https://*.example.org",
            "https://example.org/",
            "https://h:0",
            "'self'",
        ),
        *(
            "https://h;sandbox",
            "https://a https://b",
            "https://ada@h",
            "http://[::1]:8080",
            "https://ü",
        ),
    ],
    "external_url": [
        *("hub.example.org", "ftp://h/", "https://", "https://h:x/", 3),
        *("https://h/?token=x", "https://h/#x", "https://ada:x@h/", "https://h:0/"),
    ],
    "audit_log": [[], 3],
    "log_format": ["xml"],
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration folder of the test's own, and no variable that says anything."""
    for name in os.environ:
        if name.startswith(("JMCP_", "JUPYTER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("JUPYTER_NO_CONFIG", "1")
    folder = tmp_path / "jmcp"
    folder.mkdir()
    return folder


def written(values: dict[str, Any]) -> str:
    """As TOML, which JSON's texts, numbers, lists and booleans are."""
    plain = {name: BY_NAME[name].type.plain(value) for name, value in values.items()}
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in plain.items())


def variable(option: Option, value: Any) -> str:
    plain = option.type.plain(value)
    return ",".join(plain) if isinstance(plain, list) else str(plain)


def decided(monkeypatch: pytest.MonkeyPatch, *given: str) -> Settings:
    """The settings that `jmcp serve` serves with."""
    found: list[Settings] = []

    def note(options: Any) -> None:
        found.append(options.settings)

    monkeypatch.setattr(embedded_lab, "serve", note)
    monkeypatch.setattr(standalone, "serve", note)
    arguments = commands.parser().parse_args(["serve", *given])
    serve.run(arguments)
    return found[0]


def by_option(_: Path, patch: pytest.MonkeyPatch, values: dict[str, Any]) -> Settings:
    return decided(patch, *as_arguments(values))


def by_variable(_: Path, patch: pytest.MonkeyPatch, values: dict[str, Any]) -> Settings:
    for name, value in values.items():
        patch.setenv(BY_NAME[name].variable, variable(BY_NAME[name], value))
    return decided(patch)


def by_file(home: Path, patch: pytest.MonkeyPatch, values: dict[str, Any]) -> Settings:
    (home / "config.toml").write_text(written(values))
    return decided(patch)


def by_trait(_: Path, __: pytest.MonkeyPatch, values: dict[str, Any]) -> Settings:
    extension = JmcpExtension()
    command = []
    for name, value in traits_of(values).items():
        rows = value if isinstance(value, list) else [value]
        command += [f"--JmcpExtension.{name}={row}" for row in rows]
    extension.parse_command_line(command)
    return extension.resolved_settings()


Way = Callable[[Path, pytest.MonkeyPatch, dict[str, Any]], Settings]
WAYS: list[Way] = [by_option, by_variable, by_file, by_trait]


def test_the_table_has_every_setting_and_each_once() -> None:
    assert {option.name for option in SETTINGS} == {field.name for field in fields(Settings)}
    assert len(BY_NAME) == len(OPTIONS) == len(VALUES)
    assert (
        settings_of({option.name: option.default for option in OPTIONS}) == Settings() == DEFAULTS
    )


def test_what_the_help_says_of_the_spec_is_what_the_spec_says() -> None:
    assert BY_NAME["session_hours"].shown == f"{POLICY.idle_hours:g}"
    assert BY_NAME["calls_per_second"].shown == f"{POLICY.session_calls_per_second:g}"
    assert BY_NAME["owner_calls_per_second"].shown == f"{POLICY.owner_calls_per_second:g}"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [option.name for option in SETTINGS])
def test_each_way_sets_one(
    way: Way, name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {name: VALUES[name]}
    assert VALUES[name] != BY_NAME[name].default
    expected = settings_of(sources.resolved(values))
    assert way(home, monkeypatch, values) == expected


@pytest.mark.parametrize("way", WAYS)
def test_each_way_sets_all(way: Way, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {option.name: VALUES[option.name] for option in SETTINGS}
    assert way(home, monkeypatch, values) == Settings(**values)


@pytest.mark.parametrize("way", [by_option, by_variable, by_file])
@pytest.mark.parametrize(
    "name", [option.name for option in OPTIONS if not option.name.endswith("_url")]
)
def test_a_start_without_its_option_is_as_with_it(
    way: Way, name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other options too: `run` sees the same values whichever way they came."""
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(serve, "_serve_lab", lambda _, __, values: seen.append(values))
    monkeypatch.setattr(embedded_lab, "serve", lambda _: None)
    values = {name: VALUES[name]}
    with pytest.raises(IndexError):  # nothing was served
        way(home, monkeypatch, values)
    assert seen[0][name] == VALUES[name]


def test_an_option_wins_over_a_variable_over_a_trait_over_the_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config.toml").write_text("max_request_mib = 1\nmax_notebook_mib = 1\nread_only = true")
    monkeypatch.setenv("JMCP_MAX_REQUEST_MIB", "2")
    found = decided(monkeypatch)
    assert (found.max_request_mib, found.max_notebook_mib, found.read_only) == (2, 1, True)
    found = decided(monkeypatch, "--max-request-mib", "3", "--no-read-only")
    assert (found.max_request_mib, found.max_notebook_mib, found.read_only) == (3, 1, False)
    extension = JmcpExtension(max_request_mib=4)
    found = extension.resolved_settings()
    assert (found.max_request_mib, found.max_notebook_mib) == (4, 1)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_value_is_named_with_its_place(
    name: str, value: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    option = BY_NAME[name]
    with pytest.raises(ValueError, match=r"\w"):
        option.type.checked(value)
    text = json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")
    (home / "config.toml").write_text(f"{name} = {text}\n")
    with pytest.raises(ServeError, match=rf"config\.toml: {name}: "):
        decided(monkeypatch)
    if isinstance(value, str) and name not in ("toolset", "verbose"):
        (home / "config.toml").unlink()
        monkeypatch.setenv(option.variable, value)
        with pytest.raises(ServeError, match=f"variable {option.variable}: "):
            decided(monkeypatch)


@pytest.mark.parametrize(
    ("own", "older", "images"),
    [
        (None, "false", False),
        (None, "true", True),
        ("true", "true", True),
        ("", "0", False),
    ],
)
def test_a_variable_of_an_older_server_is_read_where_there_is_no_other(
    own: str | None, older: str, images: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if own is not None:
        monkeypatch.setenv("JMCP_IMAGES", own)
    monkeypatch.setenv("ALLOW_IMG_OUTPUT", older)
    assert decided(monkeypatch).images is images


@pytest.mark.parametrize(("own", "older"), [("true", "false"), ("false", "true")])
def test_two_variables_of_one_option_that_differ_are_refused(
    own: str, older: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JMCP_IMAGES", own)
    monkeypatch.setenv("ALLOW_IMG_OUTPUT", older)
    with pytest.raises(ServeError, match="ALLOW_IMG_OUTPUT and JMCP_IMAGES"):
        decided(monkeypatch)


def test_a_wrong_value_of_an_older_variable_is_named_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALLOW_IMG_OUTPUT", "maybe")
    with pytest.raises(ServeError, match="variable ALLOW_IMG_OUTPUT: "):
        decided(monkeypatch)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("read_onyl = true", "no option is called read_onyl; did you mean read_only"),
        ("zzz = 1", "no option is called zzz; there are: allow_hidden, "),
        ("port = 1\n[limits]\nx = 1", "no option is called limits"),
        ("port", "is not TOML"),
        ("host = '\udcff'", "is not TOML"),
    ],
)
def test_a_file_that_says_nothing_known_is_refused(
    text: str, message: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config.toml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ServeError, match=message) as caught:
        decided(monkeypatch)
    assert str(home / "config.toml") in str(caught.value)


def test_a_path_in_the_file_is_relative_to_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config.toml").write_text('audit_log = "audit.jsonl"')
    assert decided(monkeypatch).audit_log == home / "audit.jsonl"
    (home / "config.toml").write_text('audit_log = "~/audit.jsonl"')
    assert decided(monkeypatch).audit_log == Path.home() / "audit.jsonl"


def test_a_password_is_no_argument_and_is_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "redis://:secret@127.0.0.1:6379/0"
    for given in (url, "redis://127.0.0.1:6379/0?password=secret"):
        with pytest.raises(ServeError, match="JMCP_STORE") as caught:
            decided(monkeypatch, "--store", given)
        assert "secret" not in str(caught.value)
    monkeypatch.setenv("JMCP_STORE", url)
    found = decided(monkeypatch)
    assert found.store == url
    assert "secret" not in repr(found)
    assert "JMCP_STORE" not in os.environ
    monkeypatch.setenv("JMCP_STORE", url)
    assert JmcpExtension().resolved_settings().store == url
    assert "JMCP_STORE" not in os.environ


async def test_jupyter_s_own_configuration_reaches_the_extension(jupyter: StartJupyter) -> None:
    values = {option.name: VALUES[option.name] for option in SETTINGS if option.name != "store"}
    app = await jupyter(extensions=["jmcp"], JmcpExtension=traits_of(values))
    [extension] = app.extension_manager.extension_apps["jmcp"]
    assert extension.resolved_settings() == Settings(**values)


def test_no_trait_is_another_one_of_jupyter_s() -> None:
    theirs = set(dir(JmcpExtension.__mro__[1]))
    assert not theirs & {name_of(option) for option in SETTINGS}


def test_what_a_client_starts_has_what_was_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Read again by the same parser; a store is a variable, for it may hold a password."""
    chosen = {option.name: VALUES[option.name] for option in SETTINGS}
    chosen |= {"root_dir": tmp_path, "toolset": ("core", "core"), "transport": "stdio"}
    monkeypatch.setenv("JMCP_STORE", "redis://:secret@127.0.0.1:6379/0")
    rest = {name: value for name, value in chosen.items() if name != "store"}
    arguments = commands.parser().parse_args(["serve", "--print-config", *as_arguments(rest)])
    serve.run(arguments)
    server = json.loads(capsys.readouterr().out)["mcpServers"]["jmcp"]
    assert server["env"] == {"JMCP_STORE": "redis://:secret@127.0.0.1:6379/0"}
    begins = server["args"].index("serve")
    again: argparse.Namespace = commands.parser().parse_args(server["args"][begins:])
    given = sources.explicit_values(vars(again), dict(server["env"]))
    assert given == rest | {"store": "redis://:secret@127.0.0.1:6379/0"}


def test_jmcp_serve_passes_them_to_the_extension_of_its_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As traits: those win over variables, the file, and Jupyter's own configuration."""
    given: list[serve_options.ServeOptions] = []
    monkeypatch.setattr(embedded_lab, "serve", given.append)
    values = {option.name: VALUES[option.name] for option in SETTINGS}
    serve.run(commands.parser().parse_args(["serve", *as_arguments(values)]))
    assert by_trait(Path(), monkeypatch, dict(given[0].explicit)) == Settings(**values)
