"""JupyterHub's own application with a configuration file, initialized and not started."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from jupyterhub.app import JupyterHub

BEFORE = """
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.cookie_secret = b"0" * 32
c.JupyterHub.log_level = "WARN"
c.ConfigurableHTTPProxy.auth_token = "secret"
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.Authenticator.allow_all = True
"""


@asynccontextmanager
async def initialized(folder: Path, configuration: str) -> AsyncIterator[Any]:
    """The application, with its database in memory and all that `configuration` says."""
    file = folder / "jupyterhub_config.py"
    file.write_text(BEFORE + configuration)
    app = JupyterHub.instance()
    try:
        await app.initialize(["-f", str(file)])
        yield app
    finally:
        if hasattr(app, "db"):
            app.db.close()
            app.db.get_bind().dispose()
        JupyterHub.clear_instance()
