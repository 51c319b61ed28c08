"""`configure` in configuration files that JupyterHub itself reads: what it makes of them."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jupyterhub import orm, roles, scopes
from tornado.web import HTTPError
from traitlets.config import Config

from jmcp.hub import configure
from jmcp.hub.configuration.given import ConfigurationConflict
from jmcp.hub.configuration.services import GATEWAY_SETTINGS
from tests.documentation.page import CHECKOUT
from tests.unit.hub.jupyterhub_app import initialized

GATEWAY = "http://127.0.0.1:10101"
CALL = """
from jmcp.hub import configure
from jmcp.hub.configuration.templates import EXAMPLES, Template
configure(c, public_url="http://127.0.0.1:8000", memory="1G", reserve="1M", {0})
configure(c, public_url="http://127.0.0.1:8000", memory="1G", reserve="1M", {0})
"""
"""Twice, as somebody may do."""


def spawner_of(app: Any, name: str) -> Any:
    user = orm.User(name=name)
    app.db.add(user)
    app.db.commit()
    roles.assign_default_roles(app.db, user)
    return app.users[user].spawners[""]


def rights(app: Any, name: str) -> set[str]:
    return set(scopes.get_scopes_for(orm.User.find(app.db, name)))


async def test_one_call_configures_a_hub(tmp_path: Path) -> None:
    before = """
c.JupyterHub.services = [{"name": "other", "api_token": "x" * 20}]
c.JupyterHub.load_roles = [{"name": "other", "services": ["other"], "scopes": ["read:hub"]}]
c.Spawner.args.append("--allow-root")
c.Spawner.environment = {"THEIRS": "1"}
c.Proxy.extra_routes = {"/theirs/": "http://127.0.0.1:1"}
c.ConfigurableHTTPProxy.command = ["node", "proxy.js", "--storage-backend=x"]
c.JupyterHub.tornado_settings = {"headers": {"X-Theirs": "1"}}
seen = []
c.Spawner.pre_spawn_hook = seen.append
"""
    text = before + CALL.format(
        "toolsets=['core', 'code'], settings={'session_hours': 3, 'read_only': True}, "
        "prestart=['ada'], prestart_at=['07:30']"
    )
    async with initialized(tmp_path, text) as app:
        service = app._service_map["jmcp"]
        assert service.command[1:] == ["-m", "jmcp", "hub", "gateway"]
        assert service.environment["JMCP_GATEWAY_PUBLIC_URL"] == "http://127.0.0.1:8000"
        assert service.prefix == "/services/jmcp/"
        allowed = json.loads(service.environment["JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES"])
        assert set(allowed) < set(service.oauth_client.allowed_scopes)
        assert set(app._service_map) == {
            "other",
            "jmcp",
            "jupyterhub-idle-culler",
            "jmcp-prestart",
        }
        # The gateway has no rights of its own, the others what they need.
        given = {name: one.orm for name, one in app._service_map.items()}
        assert roles.get_roles_for(given["jmcp"]) == []
        assert scopes.get_scopes_for(given["jmcp"]) == set()
        prestart = scopes.get_scopes_for(given["jmcp-prestart"])
        assert {one for one in prestart if "servers" in one} == {"start:servers!user=ada"}
        assert "delete:servers" in scopes.get_scopes_for(given["jupyterhub-idle-culler"])

        spawner = spawner_of(app, "ada")
        assert "access:services!service=jmcp" in rights(app, "ada")
        assert "access:servers!user=ada" in rights(app, "ada")
        assert "access:servers" not in rights(app, "ada")

        assert app.proxy.extra_routes == {
            "/theirs/": "http://127.0.0.1:1",
            "/.well-known/oauth-protected-resource/services/jmcp/": GATEWAY,
            "/.well-known/oauth-authorization-server/services/jmcp/": GATEWAY,
            "/.well-known/openid-configuration/services/jmcp/": GATEWAY,
        }
        assert app.proxy.command == ["node", "proxy.js", "--storage-backend=x", "--timeout=60000"]
        assert app.tornado_settings["headers"] == {"X-Theirs": "1"}
        assert app.tornado_settings["slow_spawn_timeout"] == 0
        assert app.tornado_settings["spawn_throttle_retry_range"] == (2, 4)
        assert app.token_expires_in_max_seconds == 30 * 86_400

        assert spawner.args == [
            "--allow-root",
            "--JmcpExtension.toolsets=core",
            "--JmcpExtension.toolsets=code",
        ]
        assert spawner.environment == {
            "THEIRS": "1",
            "JMCP_SESSION_HOURS": "3.0",
            "JMCP_READ_ONLY": "1",
        }
        assert (spawner.mem_limit, spawner.cpu_limit) == (2**30, 1.0)
        assert spawner.poll_interval == 5
        assert spawner.get_env()["MEM_LIMIT"] == str(2**30)
        spawner._spawn_pending = True
        spawner.run_pre_spawn_hook()
        assert spawner.pre_spawn_hook.before.__self__ == [spawner]


async def test_each_user_may_have_a_host(tmp_path: Path) -> None:
    text = """
c.JupyterHub.subdomain_host = "http://hub.localhost:8000"
from jmcp.hub import configure
configure(c, public_url="http://hub.localhost:8000", frame_ancestors=["https://portal.example.org"])
"""
    async with initialized(tmp_path, text) as app:
        host, origin = "jmcp--service.hub.localhost", "http://jmcp--service.hub.localhost:8000"
        assert app._service_map["jmcp"].domain == host
        told = app._service_map["jmcp"].environment
        assert told["JMCP_GATEWAY_SUBDOMAIN_HOST"] == "hub.localhost:8000"
        assert told["JMCP_GATEWAY_PUBLIC_URL"] == origin
        assert told["JMCP_GATEWAY_FRAMES"] == "1"
        wanted = f"{host}/.well-known/oauth-protected-resource/services/jmcp/"
        assert app.proxy.extra_routes[wanted] == GATEWAY
        policy = app.tornado_settings["headers"]["Content-Security-Policy"]
        assert policy == f"frame-ancestors {origin} https://portal.example.org"
        variables = spawner_of(app, "ada").environment
        assert variables["JMCP_FRAME_ANCESTORS"] == f"{origin},https://portal.example.org"


async def test_people_choose_a_template(tmp_path: Path) -> None:
    own = "Template(name='ours', title='<Ours>', cpu=3, groups=['lab'])"
    text = CALL.format(f"templates=[*EXAMPLES, {own}]")
    async with initialized(tmp_path, text) as app:
        spawner = spawner_of(app, "ada")
        await spawner._run_apply_user_options({"template": "ml_engineer"})
        assert (spawner.mem_limit, spawner.cpu_limit) == (4 * 2**30, 2.0)
        # The same spawner again, as after a start that failed.
        await spawner._run_apply_user_options({"template": "database_analyst"})
        assert spawner.mem_limit == 2 * 2**30
        assert spawner.environment["DB_CREDENTIALS"] == "/etc/database"
        await spawner._run_apply_user_options({})
        assert "DB_CREDENTIALS" not in spawner.environment
        assert spawner.cpu_limit == 1.0
        for wrong, status in (("none", 400), (["ours"], 400), ("ours", 403)):
            with pytest.raises(HTTPError) as refusal:
                await spawner._run_apply_user_options({"template": wrong})
            assert refusal.value.status_code == status
        form = await spawner.get_options_form()
        assert 'value="basic_python" checked' in form
        assert "<b>&lt;Ours&gt;</b>" in form
        assert spawner.run_options_from_form({"template": ["ours"]}) == {"template": "ours"}
        names = [one["name"] for one in app._service_map["jmcp"].info["templates"]]
        assert names == ["basic_python", "database_analyst", "ml_engineer", "ours"]


@pytest.mark.parametrize(
    ("section", "trait", "value", "arguments", "message"),
    [
        ("JupyterHub", "extra_user_scopes", {"access:servers"}, {}, "servers of all others"),
        (
            "JupyterHub",
            "load_roles",
            [{"name": "user", "scopes": ["self", "access:servers"]}],
            {},
            "the role 'user' .* has access:servers without a filter",
        ),
        (
            "JupyterHub",
            "services",
            [{"name": "jmcp", "url": "http://127.0.0.1:9"}],
            {},
            r"services\['jmcp'\]\['url'\] is 'http://127.0.0.1:9' already",
        ),
        (
            "JupyterHub",
            "tornado_settings",
            {"slow_spawn_timeout": 5},
            {},
            r"\['slow_spawn_timeout'\] is 5",
        ),
        ("Spawner", "mem_limit", "1G", {"memory": "2G"}, "Spawner.mem_limit is '1G' already"),
        (
            "Spawner",
            "environment",
            {"JUPYTER_DATA_DIR": "/srv"},
            {},
            "gives all users one JUPYTER_DATA_DIR",
        ),
        (
            "Proxy",
            "extra_routes",
            {"/.well-known/oauth-protected-resource/services/jmcp/": "http://127.0.0.1:9"},
            {},
            "MCP clients find the gateway's login there",
        ),
        ("Spawner", "cpu_limit", 1, {"settings": {"nothing": 1}}, "no option 'nothing'"),
        ("Spawner", "cpu_limit", 1, {"settings": {"session_hours": -1}}, "session_hours"),
        ("Spawner", "cpu_limit", 1, {"prestart_at": ["7:5"], "prestart": ["ada"]}, "as in 07:30"),
        ("Spawner", "cpu_limit", 1, {"public_url": "hub.example.org"}, "which is no URL"),
        ("Spawner", "cpu_limit", 1, {"start_gateway": False}, "needs gateway_token="),
        (
            "Spawner",
            "cpu_limit",
            1,
            {"gateway_settings": {"calls": 1}},
            "has no 'calls'; there are",
        ),
        (
            "Spawner",
            "cpu_limit",
            1,
            {"gateway_settings": {"client_documents": False}},
            "client_documents is 'off'",
        ),
        (
            "JupyterHub",
            "subdomain_host",
            "https://hub.example.org",
            {"public_url": "https://other.example.org"},
            "hub.example.org' already",
        ),
    ],
)
def test_a_contradiction_is_an_error(
    section: str, trait: str, value: Any, arguments: dict[str, Any], message: str
) -> None:
    c = Config()
    c[section][trait] = value
    with pytest.raises(ConfigurationConflict, match=message):
        configure(c, **arguments)


@pytest.mark.parametrize(("theirs", "interval"), [({}, 30), ({"last_activity_interval": 60}, 60)])
def test_a_proxy_that_others_start_soon_has_its_routes_again(
    theirs: dict[str, int], interval: int
) -> None:
    c = Config({"JupyterHub": theirs, "ConfigurableHTTPProxy": {"should_start": False}})
    configure(c, public_url="https://hub.example.org")
    assert c.JupyterHub.last_activity_interval == interval


def test_what_is_configured_already_stays() -> None:
    c = Config()
    c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
    c.JupyterHub.services = [
        {"name": "jupyterhub-idle-culler", "command": ["python3", "-m", "jupyterhub_idle_culler"]},
        {"name": "jmcp", "api_token": "theirs"},
    ]
    c.JupyterHub.load_roles = [{"name": "user", "scopes": ["self", "read:groups"]}]
    c.Spawner.mem_limit = "3G"
    c.Spawner.environment = {"XDG_DATA_HOME": "/home/jovyan/.data"}  # of each pod another folder
    c.ConfigurableHTTPProxy.should_start = False
    c.KubeSpawner.profile_list = [{"slug": "theirs", "display_name": "Theirs"}]
    before = deepcopy(c)
    configure(c, gateway_token="theirs", start_gateway=False, gateway_url="http://gateway:10101")
    names = [one["name"] for one in c.JupyterHub.services]
    assert names == ["jupyterhub-idle-culler", "jmcp"]
    assert "command" not in c.JupyterHub.services[1]
    assert c.JupyterHub.load_roles[0]["scopes"] == [
        "self",
        "read:groups",
        "access:services!service=jmcp",
    ]
    assert c.Spawner.mem_limit == "3G"
    assert c.Spawner.environment["XDG_DATA_HOME"] == "/home/jovyan/.data"
    assert c.KubeSpawner == before.KubeSpawner
    assert "command" not in c.ConfigurableHTTPProxy


def test_traces_go_from_the_gateway_and_from_servers_to_one_place() -> None:
    c = Config()
    c.JupyterHub.spawner_class = "simple"
    for _ in range(2):
        configure(c, reserve="1M", memory="1M", traces="http://collector:4318")
    [gateway] = [one for one in c.JupyterHub.services if one["name"] == "jmcp"]
    for environment in (gateway["environment"], c.Spawner.environment):
        assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector:4318"
    assert gateway["environment"]["JMCP_GATEWAY_TRACES"] == "1"
    assert c.Spawner.environment["JMCP_TRACES"] == "1"
    c.Spawner.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://other:4318"
    with pytest.raises(ConfigurationConflict, match="other:4318"):
        configure(c, reserve="1M", memory="1M", traces="http://collector:4318")


def test_the_gateway_reads_each_setting_that_can_be_given() -> None:
    """And no other but those that `configure` sets from its own arguments."""
    sources = [path.read_text() for path in (CHECKOUT / "jmcp" / "hub").glob("[!cm]*/**/*.py")]
    text = "\n".join(sources)
    read = set(re.findall(r"JMCP_GATEWAY_([A-Z_]+)|\{PREFIX\}([A-Z_]+)", text))
    read_names = {first or second for first, second in read}
    read_names |= set(re.findall(r'number\(given, "([A-Z_]+)"', text))
    own = {"PROXY_URL", "PUBLIC_URL", "SUBDOMAIN_HOST", "FRAMES", "MAX_SERVERS", "TRACES"}
    assert {one.lower() for one in read_names - own} == set(GATEWAY_SETTINGS)
