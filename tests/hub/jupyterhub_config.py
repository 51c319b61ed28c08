"""The configuration of the Hub that tests run: local processes, a password for everybody."""

import json
import os
import sys
from pathlib import Path

c = get_config()  # type: ignore[name-defined]  # noqa: F821 # JupyterHub defines it
given = json.loads(os.environ["JMCP_TEST_HUB"])
home = Path(given["home"])

c.JupyterHub.bind_url = given["public_url"]
c.JupyterHub.hub_bind_url = given["hub_url"]
c.ConfigurableHTTPProxy.api_url = given["proxy_api_url"]
c.ConfigurableHTTPProxy.command = [*given["proxy_command"], "--timeout=60000"]
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
c.Spawner.args = ["--allow-root", "--JmcpExtension.toolsets=all"]
c.Spawner.env_keep = ["PATH", "LANG", "VIRTUAL_ENV"]
c.Spawner.poll_interval = 2
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
c.JupyterHub.spawn_throttle_retry_range = (2, 4)
c.JupyterHub.services = [
    {
        "name": "jmcp",
        "url": given["gateway_url"],
        "command": [sys.executable, "-m", "jmcp", "hub", "gateway", "--verbose"],
        "environment": {
            "JMCP_GATEWAY_PROXY_URL": given["public_url"],
            "JMCP_GATEWAY_PUBLIC_URL": given["public_url"],
            "JMCP_GATEWAY_STATE": f"{home}/gateway",
        },
        "oauth_no_confirm": True,
        "oauth_client_allowed_scopes": [
            "read:users:name!user",
            "access:servers!user",
            "servers!user",
            "access:services!service=jmcp",
        ],
    },
    {"name": "tests", "api_token": given["admin_token"]},
]
c.JupyterHub.load_roles = [
    {"name": "user", "scopes": ["self", "access:services!service=jmcp"]},
    {
        "name": "tests",
        "services": ["tests"],
        "scopes": ["admin:users", "admin:servers", "tokens", "read:hub", "access:services"],
    },
]
well_known = "/.well-known/oauth-{}/services/jmcp/"
c.Proxy.extra_routes = {
    well_known.format(name): given["gateway_url"]
    for name in ("protected-resource", "authorization-server")
}
