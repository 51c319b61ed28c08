"""The configuration of the Hub that tests run: local processes, a password for everybody."""

import json
import os
import sys
from pathlib import Path

from jmcp.hub import configure
from jmcp.hub.configuration.templates import Template

c = get_config()  # type: ignore[name-defined]  # noqa: F821 # JupyterHub defines it
given = json.loads(os.environ["JMCP_TEST_HUB"])
home = Path(given["home"])

c.JupyterHub.bind_url = given["public_url"]
c.JupyterHub.hub_bind_url = given["hub_url"]
c.ConfigurableHTTPProxy.api_url = given["proxy_api_url"]
c.ConfigurableHTTPProxy.command = given["proxy_command"]
c.JupyterHub.db_url = f"sqlite:///{home}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{home}/cookie_secret"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "demo"
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"admin"}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = f"{home}/home/{{username}}"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.default_url = "/lab"
c.Spawner.args = ["--allow-root"]
c.Spawner.env_keep = ["PATH", "LANG", "VIRTUAL_ENV"]
c.Spawner.poll_interval = 2
c.JupyterHub.services = [{"name": "tests", "api_token": given["admin_token"]}]
c.JupyterHub.load_roles = [
    {
        "name": "tests",
        "services": ["tests"],
        "scopes": [
            "admin:users",
            "admin:servers",
            "admin:server_state",
            "list:services",
            "read:services",
            "admin:groups",
            "tokens",
            "read:hub",
            "read:metrics",
            "access:services",
        ],
    },
]
for section, traits in given.get("traits", {}).items():
    c[section].update(traits)

# So that tests do not depend on the memory of the machine: servers count little, little is kept back, and
# no server is stopped.
arguments = {
    "toolsets": ["all"],
    "memory": "2G",
    "memory_guarantee": "256M",
    "reserve": "64M",
    "idle_minutes": 0,
    "gateway_url": given["gateway_url"],
    "gateway_settings": {"state": f"{home}/gateway"},
}
arguments |= given.get("configure", {})
arguments["templates"] = [Template(**one) for one in arguments.get("templates", ())]
configure(c, **arguments)
