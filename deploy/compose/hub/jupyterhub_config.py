"""The Hub of deploy/compose: users' servers are containers, each on its user's own network.

What differs from site to site comes from .env. Files in JMCP_DATA/hub/config.d/ are read last, in the
order of their names, for everything else.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

from isolated_spawner import IsolatedDockerSpawner

from jmcp.hub import configure
from jmcp.hub.configuration.templates import EXAMPLES, Template

c = get_config()  # noqa: F821 # traitlets gives it

DATA = Path("/data")
USERS = Path("/users")
"""Homes of users as this container sees them; JMCP_DATA is where Docker does."""
SERVER_UID = 1000


def setting(name: str, default: str = "") -> str:
    return os.environ.get(f"JMCP_{name}", "") or default


def required(name: str, why: str) -> str:
    if not (value := setting(name)):
        raise SystemExit(f"JMCP_{name} is not set in .env: {why}")
    return value


def discovered(issuer: str) -> dict[str, str]:
    """What an OpenID provider says of itself."""
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        with urlopen(url, timeout=10) as answer:
            return json.load(answer)
    except (OSError, ValueError) as error:
        message = f"JMCP_OIDC_ISSUER: {url} does not answer as a provider does: {error}"
        raise SystemExit(message) from error


def located(template: Template) -> Template:
    """An example with its data where this deployment keeps what users share."""
    shared = f"{setting('DATA', '/srv/jmcp')}/shared"
    data = {
        f"{shared}/{Path(source).name}": target for source, target in template.read_only.items()
    }
    return replace(template, read_only=data)


def home(spawner: IsolatedDockerSpawner) -> None:
    """Make the folders of a user, as Docker would make them for root."""
    for folder in ("notebooks", "data", "config"):
        path = USERS / spawner.escaped_name / folder
        path.mkdir(parents=True, exist_ok=True, mode=0o700)


c.JupyterHub.bind_url = "http://:8000"
# A host for each user, so that pages of one user cannot reach another's: subdomains.yaml
if domain := setting("SUBDOMAIN_HOST"):
    c.JupyterHub.subdomain_host = f"https://{domain}"
c.JupyterHub.hub_bind_url = "http://:8081"
c.JupyterHub.hub_connect_url = "http://hub:8081"
c.JupyterHub.db_url = f"sqlite:///{DATA}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = str(DATA / "jupyterhub_cookie_secret")
# Users' servers go on while the Hub starts again.
c.JupyterHub.cleanup_servers = False
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = f"http://{setting('PROXY_ADDRESS', '172.29.0.2')}:8001"

# Who may log in ---------------------------------------------------------------------------------
c.Authenticator.admin_users = set(required("ADMINS", "who administers the Hub").split(","))
login = required("LOGIN", "shared-password to try it out, oidc for everything else")
if login == "oidc":
    provider = discovered(required("OIDC_ISSUER", "the OpenID provider's URL"))
    c.JupyterHub.authenticator_class = "generic-oauth"
    c.GenericOAuthenticator.client_id = required("OIDC_CLIENT_ID", "this Hub at the provider")
    c.GenericOAuthenticator.client_secret = required("OIDC_CLIENT_SECRET", "its secret there")
    c.GenericOAuthenticator.authorize_url = provider["authorization_endpoint"]
    c.GenericOAuthenticator.token_url = provider["token_endpoint"]
    c.GenericOAuthenticator.userdata_url = provider["userinfo_endpoint"]
    c.GenericOAuthenticator.scope = ["openid", "profile", "email"]
    c.GenericOAuthenticator.username_claim = setting("OIDC_USERNAME_CLAIM", "preferred_username")
    callback = f"{setting('PUBLIC_URL').rstrip('/')}/hub/oauth_callback"
    c.GenericOAuthenticator.oauth_callback_url = callback
    c.GenericOAuthenticator.allow_all = True
elif login == "shared-password":
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = required("USER_PASSWORD", "of all users")
    c.SharedPasswordAuthenticator.admin_password = required("ADMIN_PASSWORD", "of JMCP_ADMINS")
    c.Authenticator.allow_all = True
else:
    raise SystemExit(f"JMCP_LOGIN is {login!r}; it is shared-password or oidc")

# Users' servers ---------------------------------------------------------------------------------
c.JupyterHub.spawner_class = IsolatedDockerSpawner
c.IsolatedDockerSpawner.project = setting("PROJECT", "jmcp")
c.IsolatedDockerSpawner.subnets = setting("USER_SUBNETS", "10.201.0.0/16")
c.IsolatedDockerSpawner.egress = setting("USER_EGRESS", "no") == "yes"
c.DockerSpawner.image = setting("SINGLE_USER_IMAGE", "jmcp-single-user:latest")
c.DockerSpawner.pull_policy = "never" if ":latest" in c.DockerSpawner.image else "ifnotpresent"
c.DockerSpawner.cmd = ["jupyterhub-singleuser"]
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.remove = True
c.DockerSpawner.name_template = "{prefix}-{username}--{servername}"
c.DockerSpawner.prefix = f"{setting('PROJECT', 'jmcp')}-server"
c.DockerSpawner.notebook_dir = "/home/jovyan"
c.DockerSpawner.volumes = {f"{setting('DATA', '/srv/jmcp')}/users/{{username}}": "/home/jovyan"}
c.DockerSpawner.extra_create_kwargs = {"user": f"{SERVER_UID}:{SERVER_UID}"}
c.DockerSpawner.extra_host_config = {
    "init": True,
    "read_only": True,
    "tmpfs": {"/tmp": "size=512m,mode=1777"},
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "pids_limit": 1024,
    "log_config": {"type": "local", "config": {"max-size": "10m"}},
}
c.DockerSpawner.environment = {"PYTHONDONTWRITEBYTECODE": "1"}
c.Spawner.pre_spawn_hook = home
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 60

# What Prometheus asks, with one token for all of it ------------------------------------------------
if metrics_token := setting("METRICS_TOKEN"):
    c.JupyterHub.services = [
        {"name": "prometheus", "api_token": metrics_token},
        {
            "name": "metrics",
            "command": [sys.executable, "-m", "jmcp.hub.monitoring"],
            "environment": {
                "JMCP_METRICS_TOKEN": metrics_token,
                "JMCP_METRICS_ADDRESS": "0.0.0.0:9101",
                "JMCP_METRICS_FOLDER": str(USERS),
                "JMCP_METRICS_PLACES": setting("MAX_SERVERS", "50"),
            },
        },
    ]
    c.JupyterHub.load_roles = [
        {"name": "prometheus", "services": ["prometheus"], "scopes": ["read:metrics"]},
        {
            "name": "metrics",
            "services": ["metrics"],
            "scopes": ["list:users", "read:servers", "read:users:activity"],
        },
    ]

for extra in sorted((DATA / "config.d").glob("*.py")):
    exec(compile(extra.read_text(), str(extra), "exec"))

# jmcp -------------------------------------------------------------------------------------------
configure(
    c,
    public_url=required("PUBLIC_URL", "where people and agents reach the Hub"),
    max_servers=int(setting("MAX_SERVERS", "50")),
    reserve=setting("RESERVE", "4G"),
    idle_minutes=int(setting("CULL_SECONDS", "1800")) / 60,
    templates=tuple(map(located, EXAMPLES)),
    gateway_url="http://gateway:9100",
    gateway_token=required("GATEWAY_TOKEN", "how the gateway is known to the Hub"),
    start_gateway=False,
    proxy_url="http://proxy:8000",
)
