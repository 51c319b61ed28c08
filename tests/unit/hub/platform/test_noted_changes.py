"""Changes that are made on the page, in the log: by whom, and what came of them."""

from __future__ import annotations

import logging

import pytest
from starlette.requests import Request

from jmcp.hub.platform.api import noted
from jmcp.transport.problems import Problem


def request(method: str) -> Request:
    return Request(
        {
            "type": "http",
            "method": method,
            "path": "/services/jmcp/api/server/stop",
            "query_string": b"",
            "headers": [],
            "server": ("127.0.0.1", 1),
            "scheme": "http",
        }
    )


def test_a_change_is_noted_whatever_comes_of_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="jmcp.gateway")
    with noted(request("GET"), "ada"):
        pass
    assert caplog.messages == []
    with noted(request("POST"), "ada"):
        pass
    with pytest.raises(Problem), noted(request("POST"), "ada"):
        raise Problem(409, "No.", code="runs_go_on")
    with pytest.raises(ZeroDivisionError), noted(request("DELETE"), "ada"):
        raise ZeroDivisionError
    outcomes = [one.partition("outcome=")[2].split()[0] for one in caplog.messages]
    assert outcomes == ["ok", "runs_go_on", "ZeroDivisionError"]
    assert "change user=ada method=POST path=/services/jmcp/api/server/stop" in caplog.messages[0]
