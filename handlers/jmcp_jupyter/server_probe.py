"""What answers at a URL: a Jupyter Server that jmcp can work on, or which of many other things.

Every failure is one sentence that says which it is and what to do. Its `reason` is for programs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from jmcp.core.ports import DocumentMode
from jmcp_api.backend_errors import JupyterRefused, JupyterUnreachable
from jmcp_jupyter.http_api import REFUSED_STATUSES, JupyterApi
from jmcp_jupyter.server_answers import get, json_object, refused_token, server_version

RIGHTS = {"kernels": ["execute"], "contents": ["read", "write"]}
"""What the server is asked about the token, as `/api/me` takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """A Jupyter Server that jmcp can work on. `warnings` are sentences for a person."""

    version: str
    documents: DocumentMode
    warnings: tuple[str, ...] = ()


async def probe(api: JupyterApi, *, documents: bool = True, kernels: bool = True) -> ProbeResult:
    """What the server is, asked for what it is to be used for.

    Raises JupyterUnreachable when no Jupyter Server answers, JupyterRefused when one does that
    jmcp cannot work on; both with `reason`.
    """
    version = await server_version(api)
    granted = await _rights(api)
    warnings = []
    if kernels and "execute" not in granted["kernels"]:
        raise JupyterRefused.no_right_to_execute(url=api.url, reason="no_right_to_execute")
    if documents and "read" not in granted["contents"]:
        raise JupyterRefused.no_right_to_read(url=api.url, reason="no_right_to_read")
    if documents and "write" not in granted["contents"]:
        warnings.append(f"the token for {api.url} may only read notebooks (no contents:write)")
    mode = await document_mode(api) if documents else "file"
    if await has_jmcp(api):
        warnings.append(
            f"the Jupyter Server at {api.url} has a jmcp of its own: notebooks that both work in "
            "are edited by two. Use one of them for each notebook"
        )
    return ProbeResult(version=version, documents=mode, warnings=tuple(warnings))


async def unreachable(api: JupyterApi, *, seconds: float) -> str | None:
    """The `reason` why no Jupyter Server answers just now; None when one does."""
    try:
        await server_version(api, seconds=seconds)
    except (JupyterUnreachable, JupyterRefused) as error:
        return str(error.details["reason"])
    return None


async def document_mode(api: JupyterApi) -> DocumentMode:
    """`live` where collaboration runs.

    Raises JupyterRefused for rooms that jmcp does not know, JupyterUnreachable when the server does
    not say.
    """
    if await _has_route(api, "api/collaboration/session/x"):
        return "live"
    if await _has_route(api, "api/collaboration/room/x"):
        raise JupyterRefused.other_documents(url=api.url, reason="other_documents")
    return "file"


async def _has_route(api: JupyterApi, path: str) -> bool:
    """Whether the server has a route that knows no GET: then that is 405 or 400, and does nothing."""
    response = await get(api, path)
    if response.is_server_error or response.is_redirect:
        raise JupyterUnreachable.no_mode(
            url=api.url, status=response.status_code, path=path, reason="no_mode"
        )
    return response.status_code != 404


async def _rights(api: JupyterApi) -> dict[str, list[str]]:
    """What the token may do. Raises JupyterRefused for one that is nobody's."""
    response = await get(api, "api/me", permissions=json.dumps(RIGHTS))
    if response.status_code in REFUSED_STATUSES or response.is_redirect:
        raise refused_token(api, response)
    permissions = json_object(response).get("permissions")
    if response.status_code != 200 or not isinstance(permissions, dict):
        raise JupyterUnreachable.no_rights(
            url=api.url, status=response.status_code, reason="not_jupyter"
        )
    return {name: list(permissions.get(name) or ()) for name in RIGHTS}


async def has_jmcp(api: JupyterApi) -> bool:
    """Whether jmcp serves inside that Jupyter Server."""
    response = await get(api, "mcp/healthz")
    return response.status_code == 200 and json_object(response).get("service") == "jmcp"
