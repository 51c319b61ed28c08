"""What a Jupyter Server with jmcp tells `jmcp connect`."""

from __future__ import annotations

import httpx2 as httpx
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.serverapp import ServerApp

from jmcp.state.running_servers import RunningServer, running_servers
from tests.jupyter_process import StartJupyter, stop


class OwnAuthorizer(Authorizer):
    """Somebody else decides here what people may do."""

    def is_authorized(self, handler: object, user: object, action: str, resource: str) -> bool:
        return True


def published(app: ServerApp) -> RunningServer:
    [found] = running_servers().servers
    assert found.root_dir == app.root_dir
    assert found.url == f"http://127.0.0.1:{app.port}"
    return found


async def test_its_token_is_for_jmcp_alone_and_ends_with_it(jupyter: StartJupyter) -> None:
    app = await jupyter(collaboration=False, extensions=["jmcp"])
    server = published(app)
    headers = {"Authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
        assert (await client.get("/mcp/healthz")).status_code == 200
        assert (await client.get("/api/kernels")).status_code == 403
        assert (
            await client.get("/mcp/healthz", headers={"Authorization": "Bearer no"})
        ).status_code == 401
    await stop(app)
    assert running_servers().servers == ()


async def test_where_somebody_else_decides_who_comes_in_there_is_none(
    jupyter: StartJupyter,
) -> None:
    app = await jupyter(
        collaboration=False, extensions=["jmcp"], ServerApp={"authorizer_class": OwnAuthorizer}
    )
    assert published(app).token == ""
