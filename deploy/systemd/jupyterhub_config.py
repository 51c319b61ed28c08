"""The Hub of deploy/systemd: people log in as on this machine, and their servers are units of their own.

Copy it to /etc/jmcp/. Members of the group jmcp may log in, and those of jmcp-admin administer the Hub.
"""

import os
import sys
from pathlib import Path

from jmcp.hub import configure
from jmcp.hub.configuration.templates import EXAMPLES

c = get_config()  # noqa: F821 # traitlets gives it

DATA = Path(os.environ["JMCP_DATA"])
JMCP = Path(os.environ.get("JMCP_PREFIX", "/opt/jmcp"))
EGRESS = os.environ.get("JMCP_USER_EGRESS", "yes") == "yes"


def required(name: str, file: str = "/etc/jmcp/hub.env") -> str:
    if not (value := os.environ.get(name, "")):
        raise SystemExit(f"{name} is not set in {file}; deploy/systemd/secrets.sh makes it")
    return value


c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:8081"
c.JupyterHub.db_url = f"sqlite:///{DATA}/hub/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = str(DATA / "hub" / "jupyterhub_cookie_secret")
# The proxy is a unit of its own, and so are users' servers: they go on while the Hub restarts.
c.JupyterHub.cleanup_servers = False
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:8001"
c.ConfigurableHTTPProxy.auth_token = required("CONFIGPROXY_AUTH_TOKEN")

c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {"jmcp"}
c.PAMAuthenticator.admin_groups = {"jmcp-admin"}

c.JupyterHub.spawner_class = "systemdspawner.SystemdSpawner"
c.Spawner.cmd = [str(JMCP / "bin" / "jupyterhub-singleuser")]
c.Spawner.default_url = "/lab"
c.SystemdSpawner.unit_name_template = "jmcp-server-{USERNAME}"
c.SystemdSpawner.slice = "jmcp-servers"
c.SystemdSpawner.disable_user_sudo = True
c.SystemdSpawner.isolate_tmp = True
c.SystemdSpawner.isolate_devices = True
c.SystemdSpawner.readonly_paths = ["/"]
c.SystemdSpawner.readwrite_paths = ["/home/{USERNAME}", "/tmp", "/var/tmp", "/dev/shm"]
c.SystemdSpawner.unit_extra_properties = {
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectControlGroups": "yes",
    "ProtectProc": "invisible",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "RestrictNamespaces": "yes",
    "CapabilityBoundingSet": "",
    "TasksMax": "1024",
    "UMask": "0077",
}
if not EGRESS:
    c.SystemdSpawner.unit_extra_properties |= {
        "IPAddressDeny": "any",
        "IPAddressAllow": "localhost",
    }

if metrics_token := os.environ.get("JMCP_METRICS_TOKEN", ""):
    c.JupyterHub.services = [
        {"name": "prometheus", "api_token": metrics_token},
        {
            "name": "metrics",
            "command": [sys.executable, "-m", "jmcp.hub.monitoring"],
            "environment": {
                "JMCP_METRICS_TOKEN": metrics_token,
                "JMCP_METRICS_ADDRESS": "127.0.0.1:9101",
                "JMCP_METRICS_FOLDER": "/home",
                "JMCP_METRICS_PLACES": "50",
                "JMCP_METRICS_CGROUPS": "/sys/fs/cgroup/jmcp.slice/jmcp-servers.slice/jmcp-server-*",
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

configure(
    c,
    public_url=required("JMCP_PUBLIC_URL"),
    templates=EXAMPLES[:1],
    gateway_url="http://127.0.0.1:9100",
    gateway_token=required("JMCP_GATEWAY_TOKEN"),
    start_gateway=False,
)
