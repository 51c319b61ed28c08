"""The Hub's count of starts that failed."""

from __future__ import annotations

from jmcp.hub.platform.hub_metrics import failed_starts

TEXT = """# HELP jupyterhub_server_spawn_duration_seconds time taken for server spawning operation
# TYPE jupyterhub_server_spawn_duration_seconds histogram
jupyterhub_server_spawn_duration_seconds_bucket{le="0.5",reason="",status="failure"} 4.0
jupyterhub_server_spawn_duration_seconds_count{reason="",status="success"} 12.0
jupyterhub_server_spawn_duration_seconds_count{reason="capacity",status="failure"} 3.0
jupyterhub_server_spawn_duration_seconds_count{reason="",status="error"} 1.0
jupyterhub_running_servers 2.0
"""


def test_all_but_successes_count() -> None:
    assert failed_starts(TEXT) == 4


def test_a_hub_that_counts_none_is_not_one_without_failures() -> None:
    assert failed_starts("jupyterhub_running_servers 2.0\nnonsense {") is None
