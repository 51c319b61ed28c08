"""Users' servers: jmcp in each of them, its options, and what they may use of the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from traitlets.config import Config

from jmcp.hub.configuration.given import (
    ConfigurationConflict,
    effective,
    given,
    put,
    put_default,
    put_entries,
    put_items,
)
from jmcp.hub.configuration.memory import byte_size
from jmcp.hub.configuration.spawners import Spawner
from jmcp.options.table import BY_NAME, SETTINGS

POLL_SECONDS = 5
"""How soon the Hub sees that a server died, which it would after 30 seconds."""
RETRY_SECONDS = (2, 4)
"""When to come again for a start, where too many go on: about as long as one takes, not 30 to 60."""
SHARED_FOLDERS = ("JUPYTER_DATA_DIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "JUPYTER_RUNTIME_DIR")
"""Where sessions, journals and tokens are kept: one value for all would mix those of all users."""
TOOLSETS = "--JmcpExtension.toolsets"
EXTENSION = "--ServerApp.jpserver_extensions"


def put_jmcp(
    c: Config, toolsets: Sequence[str], settings: Mapping[str, Any], spawner: Spawner
) -> None:
    """Configure jmcp in users' servers, where it is an extension from its installation on."""
    words = [f"{TOOLSETS}={name}" for name in toolsets]
    found = [one for one in effective(c, "Spawner", "args", []) if str(one).startswith(TOOLSETS)]
    if found and found != words:
        raise ConfigurationConflict.between("c.Spawner.args", found, words, "toolsets= is that too")
    put_items(c, "Spawner", "args", words)
    variables = dict(_variable(name, value) for name, value in settings.items())
    why = "it is an option of jmcp in users' servers"
    put_entries(c, "Spawner", "environment", variables, why)
    if spawner.images:  # each server has a file system of its own, where one path is many folders
        return
    environment = effective(c, "Spawner", "environment", {})
    for name in SHARED_FOLDERS:
        value = environment.get(name, "")
        if isinstance(value, str) and value:
            raise ConfigurationConflict(
                f"c.Spawner.environment gives all users one {name} ({value}), where each user's sessions, "
                "unsaved edits and tokens are kept. Remove it, or give a function of the spawner "
                f"(lambda spawner: f'/home/{{spawner.user.name}}/...')"
            )


def _variable(name: str, value: Any) -> tuple[str, str]:
    """An option as the variable of a server. Raises ConfigurationConflict."""
    option = BY_NAME.get(name)
    if option is None or option not in SETTINGS:
        names = ", ".join(one.name for one in SETTINGS)
        raise ConfigurationConflict(
            f"settings has no option {name!r} for users' servers; there are: {names}"
        )
    try:
        plain = option.type.plain(option.type.checked(value))
    except ValueError as error:
        raise ConfigurationConflict(f"settings[{name!r}]: {error}") from error
    text = ",".join(map(str, plain)) if isinstance(plain, list) else str(plain)
    return option.variable, {"True": "1", "False": "0"}.get(text, text)


def put_limits(c: Config, *, memory: str | None, cpu: float | None, guarantee: str | None) -> None:
    """Limit each server. What is not given and not configured is 2 GiB and one core."""
    _put_size(c, "mem_limit", memory, "2G")
    _put_size(c, "mem_guarantee", guarantee, None)
    if cpu is not None:
        put(c, "Spawner", "cpu_limit", float(cpu), "cpu= limits each server")
    else:
        put_default(c, "Spawner", "cpu_limit", 1.0)


def server_bytes(c: Config) -> int:
    """What the capacity of the machine is counted with for a server that says nothing itself."""
    size = effective(c, "Spawner", "mem_guarantee") or effective(c, "Spawner", "mem_limit")
    return 0 if size is None or callable(size) else byte_size(size)


def _put_size(c: Config, trait: str, wanted: str | None, default: str | None) -> None:
    if wanted is None:
        if default is not None:
            put_default(c, "Spawner", trait, default)
        return
    size = byte_size(wanted)
    found = effective(c, "Spawner", trait)
    if found is not None and not callable(found) and byte_size(found) == size:
        return
    put(c, "Spawner", trait, wanted, "it is what one server may use")


def put_starts(c: Config, at_once: int) -> None:
    """How many servers start at the same time, and how soon the Hub says so."""
    put_default(c, "JupyterHub", "concurrent_spawn_limit", at_once)
    put_default(c, "Spawner", "poll_interval", POLL_SECONDS)
    settings = dict(given(c, "JupyterHub", "tornado_settings", {}))
    found = settings.get("slow_spawn_timeout", 0)
    if found != 0:
        raise ConfigurationConflict.between(
            "c.JupyterHub.tornado_settings['slow_spawn_timeout']",
            found,
            0,
            "with another one the Hub answers late that a server starts, so that nobody sees its progress",
        )
    # JupyterHub 6.1 has a trait of that name which its configuration does not reach.
    settings.setdefault("spawn_throttle_retry_range", RETRY_SECONDS)
    c.JupyterHub.tornado_settings = settings | {"slow_spawn_timeout": 0}


def put_token_lifetime(c: Config, days: float | None, default: float) -> None:
    """The longest life of tokens that people make, and of logins through the gateway."""
    seconds = int((default if days is None else days) * 86_400)
    for trait in ("token_expires_in_max_seconds", "oauth_token_expires_in"):
        if days is None:
            put_default(c, "JupyterHub", trait, seconds)
        else:
            put(c, "JupyterHub", trait, seconds, "token_days= is how long tokens are good")


def put_kernel_culling(c: Config, idle_seconds: int) -> None:
    """End kernels that were idle for so long, while their server runs."""
    words = [
        f"--MappingKernelManager.cull_idle_timeout={idle_seconds}",
        "--MappingKernelManager.cull_connected=True",
    ]
    put_items(c, "Spawner", "args", words)


def sets_extension(c: Config) -> str | None:
    """An argument that says which extensions load, and leaves jmcp out; None for none."""
    for word in effective(c, "Spawner", "args", []):
        if str(word).startswith(EXTENSION) and "jmcp" not in str(word):
            return str(word)
    return None
