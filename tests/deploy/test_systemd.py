"""The units for systemd: what systemd itself says of them, and that they name what there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.files import DEPLOY, program

SYSTEMD = DEPLOY / "systemd"
UNITS = sorted([*SYSTEMD.glob("*.service"), *SYSTEMD.glob("*.timer")])
LONGEST_EXPOSURE = {"jmcp-proxy": 2.0, "jmcp-gateway": 2.0, "jmcp-backup": 2.0, "jmcp-hub": 6.0}
"""What `systemd-analyze security` may say at most, from 0 to 10. The Hub is root, and starts units."""


def installed(folder: Path) -> list[Path]:
    """The units, with programs that there are in the place of those that are installed later."""
    placed = []
    for unit in UNITS:
        text = re.sub(
            r"^ExecStart=\S+", f"ExecStart={sys.executable}", unit.read_text(), flags=re.M
        )
        placed.append(folder / unit.name)
        placed[-1].write_text(text)
    return placed


def analyzed(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [program("systemd-analyze", "Debian's systemd"), *arguments]
    # It loads the units beside those that are named, and no others of the machine.
    told = {
        **os.environ,
        "SYSTEMD_UNIT_PATH": f"{Path(arguments[-1]).parent}:",
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(
        command, env=told, capture_output=True, text=True, timeout=60, check=False
    )


def test_systemd_takes_them(tmp_path: Path) -> None:
    done = analyzed("verify", "--man=no", *installed(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_systemd_notices_what_is_none(tmp_path: Path) -> None:
    unit = installed(tmp_path)[0]
    unit.write_text(unit.read_text().replace("ProtectSystem=strict", "ProtectSytem=strict"))
    assert "ProtectSytem" in analyzed("verify", "--man=no", unit).stderr


@pytest.mark.parametrize("name", sorted(LONGEST_EXPOSURE))
def test_how_much_a_unit_is_shut_in(name: str) -> None:
    done = analyzed("security", "--offline=yes", SYSTEMD / f"{name}.service")
    match = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert match, done.stdout + done.stderr
    assert float(match[1]) <= LONGEST_EXPOSURE[name]


def test_the_proxy_and_the_gateway_outlive_the_hub() -> None:
    for name in ("jmcp-proxy", "jmcp-gateway"):
        text = (SYSTEMD / f"{name}.service").read_text()
        assert not re.search(r"^(Requires|BindsTo|PartOf)=", text, re.MULTILINE)
    assert "--timeout=60000" in (SYSTEMD / "jmcp-proxy.service").read_text()


def test_units_see_the_homes_that_they_are_told_to_read() -> None:
    """`ProtectHome=yes` shows an empty disk instead, and no error."""
    for name, reads in (("jmcp-hub", SYSTEMD / "jupyterhub_config.py"), ("jmcp-backup", None)):
        unit = (SYSTEMD / f"{name}.service").read_text()
        assert "/home" in (reads.read_text() if reads else unit)
        assert "ProtectHome=yes" not in unit
    writes = re.search(
        r"^ReadWritePaths=(.*)$", (SYSTEMD / "jmcp-backup.service").read_text(), re.M
    )
    assert writes
    assert set(writes[1].split()) == {"/var/backups/jmcp", "/var/lib/jmcp", "/home"}


def test_secrets_are_made_once_each_for_whom_it_concerns(tmp_path: Path) -> None:
    told = {"PATH": os.environ["PATH"], "JMCP_ETC": str(tmp_path / "etc")}
    command = [str(SYSTEMD / "secrets.sh"), "https://hub.example.org"]
    done = subprocess.run(command, env=told, capture_output=True, text=True, check=True)
    made = {path.name: path.read_text() for path in (tmp_path / "etc").iterdir()}
    assert set(made) == {"proxy.env", "hub.env", "gateway.env"}
    assert all((tmp_path / "etc" / name).stat().st_mode & 0o777 == 0o600 for name in made)
    values = {
        name: dict(line.split("=", 1) for line in text.splitlines()) for name, text in made.items()
    }
    assert set(values["proxy.env"]) == {"CONFIGPROXY_AUTH_TOKEN"}
    assert values["gateway.env"]["JUPYTERHUB_API_TOKEN"] == values["hub.env"]["JMCP_GATEWAY_TOKEN"]
    of_metrics = values["gateway.env"]["JMCP_GATEWAY_METRICS_TOKEN"]
    assert (
        of_metrics
        == values["hub.env"]["JMCP_METRICS_TOKEN"]
        != values["hub.env"]["JMCP_GATEWAY_TOKEN"]
    )
    assert values["proxy.env"]["CONFIGPROXY_AUTH_TOKEN"] not in made["gateway.env"] + done.stdout

    again = subprocess.run(command, env=told, capture_output=True, text=True, check=False)

    assert again.returncode == 1
    assert "is kept" in again.stderr
