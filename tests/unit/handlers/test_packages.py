"""Installing packages: what is taken for a requirement, and a run like others that leaves no trace."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jmcp_api.errors import InvalidArguments
from jmcp_handlers.support.packages.installation import not_found
from jmcp_handlers.support.packages.requirements import checked
from tests.fakes.jmcp import FakeJmcp
from tests.fakes.kernels import R

LIMIT = 10
PIP = """ERROR: Could not find a version that satisfies the requirement nope (from versions: none)
ERROR: No matching distribution found for nope
"""
UV = """  \u00d7 No solution found when resolving dependencies:
  ╰─▶ Because nope-xyz was not
      found in the package registry and you require nope-xyz, we can
      conclude that"""
FOUND = [
    ("ERROR: No matching distribution found for nope-xyz==1", ["nope-xyz==1"]),
    (PIP, ["nope"]),
    (UV, ["nope-xyz"]),
    ("  ╰─▶ Because there is no version of numpy==99.9 and you require", ["numpy==99.9"]),
    ("ERROR: Could not install packages due to an OSError", []),
]


@pytest.mark.parametrize(("text", "names"), FOUND)
def test_what_was_not_found_is_named(text: str, names: list[str]) -> None:
    assert not_found(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "--index-url=https://example.com",
        "-r requirements.txt",
        "numpy --index-url https://example.com",
        "numpy\n--index-url https://example.com",
        "x @ https://example.com/x.whl\n--pre",
        "numpy pandas",
        "./folder",
        "/etc/passwd",
        "numpy>=",
        " ",
        "x\x00y",
        "x\u2028y",
    ],
)
def test_what_is_no_requirement_is_refused(text: str) -> None:
    with pytest.raises(InvalidArguments) as refused:
        checked(["numpy", text])
    assert "packages[1]" in refused.value.message


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("NumPy>=2,<3", "numpy"),
        (" pandas[all] ; python_version > '3' ", "pandas"),
        ("zope.interface", "zope-interface"),
        ("tiny @ file:///tmp/tiny-1.0-py3-none-any.whl", "tiny"),
    ],
)
def test_requirements_are_passed_on_as_they_are(text: str, name: str) -> None:
    assert checked([text]) == ([text.strip()], [name])


async def install(jmcp: FakeJmcp, session: str, *packages: str, **more: Any) -> dict[str, Any]:
    return await jmcp.call("install_packages", session_id=session, packages=list(packages), **more)


async def test_it_starts_a_kernel_and_is_a_run_without_a_number(
    jmcp: FakeJmcp, session: str
) -> None:
    made = await install(jmcp, session, "Tiny>=1")
    assert [notice["code"] for notice in made["notices"]] == ["kernel_started"]
    assert [(one["name"], one["change"], one["version"]) for one in made["packages"]] == [
        ("tiny", "installed", "1.0")
    ]
    listed = await jmcp.call("list_executions", session_id=session)
    assert [row["code"] for row in listed["executions"]] == ["install_packages: Tiny>=1"]
    run = await jmcp.call("execute_code", session_id=session, code="1")
    assert run["execution_count"] == 1
    assert (await jmcp.call("list_variables", session_id=session))["total"] == 0


async def test_get_execution_says_in_words_what_was_installed(jmcp: FakeJmcp, session: str) -> None:
    jmcp.kernels.packages["tiny"] = "0.5"
    begun = await install(jmcp, session, "tiny", "slow", upgrade=True, wait=0)
    assert (begun["status"], begun["packages"]) == ("running", [])
    await asyncio.wait_for(jmcp.kernels.sleeping.reached.wait(), LIMIT)
    jmcp.kernels.index["slow"] = "2.0"
    jmcp.kernels.sleeping.release()
    over = await jmcp.call(
        "get_execution", session_id=session, execution_id=begun["execution_id"], wait=LIMIT
    )
    assert over["status"] == "ok"
    assert over["outputs"][-1]["text"] == "tiny upgraded (0.5 to 1.0), slow installed (2.0)"


async def test_what_does_not_exist_is_named(jmcp: FakeJmcp, session: str) -> None:
    failed = await install(jmcp, session, "nope-xyz")
    assert (failed["status"], failed["packages"][0]["change"]) == ("error", "not_seen")
    told = {notice["code"]: notice["details"] for notice in failed["notices"]}
    assert told["packages_not_found"] == {"packages": ["nope-xyz"]}
    assert "No matching distribution" in failed["output"]
    over = await jmcp.call("get_execution", session_id=session, execution_id=failed["execution_id"])
    assert [output["ename"] for output in over["outputs"]][-1] == "InstallationFailed"


async def test_an_interrupt_ends_it(jmcp: FakeJmcp, session: str) -> None:
    begun = await install(jmcp, session, "slow", wait=0)
    await asyncio.wait_for(jmcp.kernels.sleeping.reached.wait(), LIMIT)
    assert (await jmcp.call("interrupt_kernel", session_id=session))["action"] == "interrupted"
    over = await jmcp.call(
        "get_execution", session_id=session, execution_id=begun["execution_id"], wait=LIMIT
    )
    assert over["status"] == "interrupted"


async def test_it_waits_for_its_turn(jmcp: FakeJmcp, session: str) -> None:
    running = await jmcp.call("execute_code", session_id=session, code="time.sleep(9)", wait=0)
    waiting = await install(jmcp, session, "tiny", wait=0)
    assert waiting["waits_for"]["execution_id"] == running["execution_id"]
    assert "tiny" not in jmcp.kernels.packages
    jmcp.kernels.sleeping.release()
    await jmcp.call(
        "get_execution", session_id=session, execution_id=waiting["execution_id"], wait=LIMIT
    )
    assert jmcp.kernels.packages["tiny"] == "1.0"


@pytest.mark.parametrize("runs", [True, False])
async def test_a_kernel_of_another_language_installs_nothing(runs: bool) -> None:
    jmcp = FakeJmcp()
    jmcp.kernels = type(jmcp.kernels)(faults=jmcp.faults, specs=(R,))
    jmcp.documents.write("a.ipynb", "x = 6")
    async with jmcp.running():
        session = await jmcp.open("a.ipynb")
        if runs:
            await jmcp.call("execute_code", session_id=session, code="1")
        error = await jmcp.fail("install_packages", session_id=session, packages=["tiny"])
        assert (error["code"], error["details"]) == ("kernel_unable", {"kernel_name": "ir"})
        assert len(jmcp.kernels.made) == runs
