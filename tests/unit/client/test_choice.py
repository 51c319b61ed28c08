"""Which server is meant, where several run."""

from __future__ import annotations

from pathlib import Path

import pytest

from jmcp.client.choice import Wanted, chosen
from jmcp.core.errors import ServeError
from jmcp.state.running_servers import RunningServer

HERE = Path("/home/me/work/deep")


def server(url: str, root_dir: str | None, jupyter_url: str | None = None) -> RunningServer:
    return RunningServer(
        url=url,
        token="t",
        pid=1,
        version="1",
        machine="m",
        root_dir=root_dir,
        jupyter_url=jupyter_url,
    )


HOME = server("http://127.0.0.1:1", "/home/me")
WORK = server("http://127.0.0.1:2", "/home/me/work")
OTHER = server("http://127.0.0.1:3", "/srv")
REMOTE = server("http://127.0.0.1:4", None, "http://hub/user/me/")


@pytest.mark.parametrize(
    ("servers", "wanted", "expected"),
    [
        ([], Wanted(here=HERE), None),
        ([OTHER], Wanted(here=HERE), OTHER),
        ([HOME, WORK, OTHER], Wanted(here=HERE), WORK),
        ([HOME, WORK, OTHER], Wanted(here=Path("/home/me/else")), HOME),
        ([OTHER], Wanted(root_dir=Path("/home/me"), here=HERE), None),
        ([HOME, WORK], Wanted(root_dir=Path("/home/me"), here=HERE), HOME),
        ([HOME, WORK], Wanted(url="http://127.0.0.1:1", here=HERE), HOME),
        ([HOME, REMOTE], Wanted(jupyter_url="http://hub/user/me/", here=HERE), REMOTE),
    ],
)
def test_the_one_that_is_meant(
    servers: list[RunningServer], wanted: Wanted, expected: RunningServer | None
) -> None:
    assert chosen(servers, wanted) is expected


def test_several_that_could_be_meant_are_listed() -> None:
    with pytest.raises(ServeError, match="--root-dir or --url") as refused:
        chosen([OTHER, REMOTE], Wanted(here=HERE))
    assert "http://127.0.0.1:3  /srv (process 1)" in str(refused.value)
    assert "http://hub/user/me/" in str(refused.value)


def test_of_two_on_one_folder_it_is_always_the_same() -> None:
    again = server("http://127.0.0.1:0", "/srv")
    for wanted in (Wanted(here=HERE), Wanted(root_dir=Path("/srv"), here=HERE)):
        assert chosen([OTHER, again], wanted) is again
        assert chosen([again, OTHER], wanted) is again


@pytest.mark.parametrize("one", [HOME, REMOTE])
def test_a_restarted_one_is_found_on_another_port(one: RunningServer) -> None:
    pinned = Wanted(here=HERE).pinned(one)
    again = server("http://127.0.0.1:9", one.root_dir, one.jupyter_url)
    assert chosen([OTHER, again], pinned) is again
    assert chosen([OTHER], pinned) is None
