"""What `configure` makes of a real Hub: whom it refuses, and what `jmcp hub check` says of it."""

from __future__ import annotations

import json

import pytest

from jmcp.doctor.finding import findings
from jmcp.doctor.hub.running import RunningHub as CheckedHub
from tests.hub.conftest import GIANTS
from tests.hub.hub_user import hub_user
from tests.hub.running_hub import RunningHub

pytestmark = pytest.mark.asyncio(loop_scope="session")
REFUSALS = 12
"""More than any limit of failures after which a Hub ends itself (the usual one is 5)."""


async def test_a_hub_without_room_refuses_and_lives(hub: RunningHub) -> None:
    user = await hub_user(hub, "giant")
    added = await hub.api("POST", f"/groups/{GIANTS}/users", json={"users": [user.name]})
    assert added.is_success, added.text
    before = await failures(hub)
    for _ in range(REFUSALS):
        answer = await hub.api("POST", f"/users/{user.name}/server")
        assert answer.status_code == 503, answer.text
        assert answer.headers["Retry-After"] == "60"
        assert answer.json()["message"].startswith("At capacity: a server of 1000T does not fit")
    event = await last_event(hub, user.name)
    assert event["failed"] is True
    assert "At capacity" in str(event["message"])
    assert (await hub.model(user.name))["servers"] == {}

    answer = await user.rest("GET", "/jmcp/v1/files")
    assert answer.status_code == 503, answer.text
    assert answer.headers["Retry-After"] == "60"
    assert "At capacity" in answer.text
    # As failures for want of room, not as errors, which would end a Hub with a limit of those.
    assert await failures(hub) == before + REFUSALS + 1


async def test_a_kind_of_server_that_does_not_exist_is_refused(hub: RunningHub) -> None:
    user = await hub_user(hub, "chooser")
    answer = await hub.api("POST", f"/users/{user.name}/server", json={"template": "none"})
    assert answer.status_code == 400, answer.text
    assert "There is no template 'none'; there are: small, large." in answer.text


async def test_a_running_hub_is_looked_over(hub: RunningHub) -> None:
    user = await hub_user(hub, "looker")
    checked = CheckedHub(url=hub.url, token=user.token, service="jmcp", gateway=hub.gateway)
    found = await findings(checked.checks(), seconds=30)
    states = {(one.about, one.state) for one in found}
    assert {one for one in states if one[1] != "ok"} == {
        ("services", "warning"),  # this token may not list them
        ("your server", "warning"),  # it does not run
    }, found

    checked = CheckedHub(url=hub.url, token=hub.admin_token, service="nojmcp", gateway=hub.url)
    found = await findings(checked.checks(), seconds=30)
    facts = {one.about: one.fact for one in found if one.state == "problem"}
    assert facts.keys() == {"gateway runs", "well-known", "services"}, found
    assert facts["services"] == "there is no service nojmcp"
    culler = [one.fact for one in found if one.state == "warning"]
    assert "nothing stops servers that nobody uses" in culler


async def test_what_does_not_answer_is_said_once(hub: RunningHub) -> None:
    nowhere = "http://127.0.0.1:9"
    checked = CheckedHub(url=nowhere, token="", service="jmcp", gateway=f"{nowhere}/services/jmcp")
    found = await findings(checked.checks(), seconds=30)
    assert [(one.about, one.state) for one in found] == [
        ("JupyterHub runs", "problem"),
        ("token", "warning"),
        ("TLS", "ok"),
    ]
    checked = CheckedHub(url=hub.url, token="", service="jmcp", gateway=nowhere)
    found = await findings(checked.checks(), seconds=30)
    silent = {one.about for one in found if f"nothing answers at {nowhere}" in one.fact}
    assert silent == {"gateway runs", "well-known"}


async def failures(hub: RunningHub) -> float:
    """How many starts the Hub has counted as refused for want of room."""
    text = (await hub.api("GET", "/metrics")).text
    name = "jupyterhub_server_spawn_duration_seconds_count"
    for line in text.splitlines():
        if line.startswith(name) and 'reason="capacity"' in line and 'status="failure"' in line:
            return float(line.rpartition(" ")[2])
    return 0.0


async def last_event(hub: RunningHub, name: str) -> dict[str, object]:
    """The last event of the Hub's progress stream."""
    answer = await hub.api("GET", f"/users/{name}/server/progress")
    lines = [line for line in answer.text.splitlines() if line.startswith("data:")]
    return dict(json.loads(lines[-1].removeprefix("data:")))
