"""The servers that the Hub says are there, by what they do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request, urlopen

SECONDS = 10.0
"""For one page of the Hub's answer; Prometheus gives up after ten by itself."""
PAGE = 200
PAGED = "application/jupyterhub-pagination+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubServers:
    """`mean_age` is in seconds, of those that run; 0 where none does."""

    active: int
    idle: int
    starting: int
    mean_age: float


def hub_servers(api_url: str, token: str, idle_seconds: float) -> HubServers:
    """Raises OSError where the Hub does not answer or refuses, ValueError where it is no Hub."""
    now = datetime.now(UTC)
    ages: list[float] = []
    idle = starting = 0
    for server in _active(api_url, token):
        if not server.get("ready"):
            starting += 1
            continue
        ages.append(_age(server.get("started"), now))
        idle += _age(server.get("last_activity"), now) > idle_seconds
    return HubServers(
        active=len(ages) - idle,
        idle=idle,
        starting=starting,
        mean_age=sum(ages) / len(ages) if ages else 0.0,
    )


def _active(api_url: str, token: str) -> Iterator[dict[str, Any]]:
    """Of users with a server that runs, starts or stops."""
    offset: int | None = 0
    while offset is not None:
        page = _get(f"{api_url}/users?state=active&offset={offset}&limit={PAGE}", token)
        for user in page["items"]:
            yield from user.get("servers", {}).values()
        following = page["_pagination"]["next"]
        offset = following["offset"] if following else None


def _get(url: str, token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Accept": PAGED}
    with urlopen(Request(url, headers=headers), timeout=SECONDS) as answer:
        content = json.load(answer)
    if not isinstance(content, dict):
        raise ValueError("that is no page of a list of the Hub's")  # noqa: TRY004 # not ours
    return content


def _age(moment: str | None, now: datetime) -> float:
    if not moment:
        return 0.0
    return max(0.0, (now - datetime.fromisoformat(moment)).total_seconds())
