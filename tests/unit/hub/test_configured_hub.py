"""`configure` in a configuration file that JupyterHub itself reads."""

from __future__ import annotations

from pathlib import Path

from tests.unit.hub.jupyterhub_app import initialized

CALL = "from jmcp.hub import configure\n"


async def test_one_call_configures_a_hub(tmp_path: Path) -> None:
    text = CALL + "configure(c, public_url='http://127.0.0.1:8000', memory='1G')"
    async with initialized(tmp_path, text) as app:
        service = app._service_map["jmcp"]
        assert service.command[1:] == ["-m", "jmcp", "hub", "gateway"]
        assert service.prefix == "/services/jmcp/"
        assert app.proxy.command[-1] == "--timeout=60000"
        assert app.tornado_settings["slow_spawn_timeout"] == 0
        assert app.tornado_settings["spawn_throttle_retry_range"] == (2, 4)
        gateway = "http://127.0.0.1:10101"
        assert (
            app.proxy.extra_routes["/.well-known/oauth-protected-resource/services/jmcp/"]
            == gateway
        )
