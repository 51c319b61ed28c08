"""An installation of packages: what a kernel is asked to do, and what its run says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from jmcp.core.notices import (
    EnvironmentManaged,
    InstallationStopped,
    InstallerMissing,
    KernelRestartNeeded,
    Notice,
    PackagesNotFound,
    PackagesNotSeen,
)
from jmcp.core.ports import Output
from jmcp_api import phrases
from jmcp_api.enums import PackageChange
from jmcp_api.models import InstalledPackage
from jmcp_handlers.support.packages.kernel_installer import REPORT_TYPE

_EXPRESSION = (
    "(lambda b, s: (b.exec(s['source'], s), s['install'](s['asked']))[1])"
    "(__import__('builtins'), {{'__name__': 'jmcp_packages', 'source': {source!r}, 'asked': {asked!r}}})"
)
"""In a namespace of its own: nothing is there afterwards, and no name of the people's is relied on."""
_WHITE = re.compile("[\\s│╰─▶\u00d7]+")
"""uv breaks its lines for a terminal, with a frame."""
_NOT_FOUND = re.compile(
    r"No matching distribution found for (?P<pip>.+?)(?= ERROR:| WARNING:| \[notice\]|$)"
    r"|Because (?P<uv>\S+) was not found in"
    r"|Because there (?:is|are) no versions? of (?P<version>\S+?),? "
)
LAST_OUTPUTS = 3
"""Outputs of a run among which the report is."""
READ_CHARACTERS = 20_000
"""Of the end of an installer's output, where it says why it failed."""


@cache
def _source() -> str:
    return Path(__file__).with_name("kernel_installer.py").read_text("utf-8")


def question(requirements: Sequence[str], names: Sequence[str], *, upgrade: bool) -> str:
    """The expression that installs them."""
    asked = {"requirements": requirements, "names": names, "upgrade": upgrade}
    return _EXPRESSION.format(source=_source(), asked=json.dumps(asked))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an installation changed, as the kernel reported it: packages before and after, the
    modules of changed ones that the kernel had imported, and with what the installer ended (None:
    it was stopped)."""

    installer: str
    exit_code: int | None
    packages: Sequence[InstalledPackage]
    left_out: int
    imported: Sequence[str]
    output: str

    @classmethod
    def of(cls, outputs: Sequence[Output]) -> Report | None:
        """The report among the outputs of a run, None in those of any other run."""
        data = _data(outputs)
        try:
            return None if data is None else cls._read(data, printed(outputs))
        except (KeyError, TypeError, ValueError):  # any code may show what it likes
            return None

    @classmethod
    def _read(cls, data: Mapping[str, Any], output: str) -> Report:
        packages = [
            InstalledPackage(
                name=row["name"],
                change=_change(row),
                version=row["version"] or None,
                old_version=(row["old_version"] or None) if row["changed"] else None,
            )
            for row in data["packages"]
        ]
        return cls(
            installer=data["installer"],
            exit_code=data["exit_code"],
            packages=packages,
            left_out=data["total"] - len(packages),
            imported=data["imported"],
            output=output,
        )

    def shown(self, outputs: Sequence[Output]) -> list[Output]:
        """The outputs as people read them: the report in words."""
        summary = {"output_type": "display_data", "data": {"text/plain": self.summary}}
        return [summary if REPORT_TYPE in output.get("data", ()) else output for output in outputs]

    @property
    def summary(self) -> str:
        """The packages in one line."""
        rows = [
            phrases.package(
                name=one.name,
                change=one.change,
                versions=[version for version in (one.old_version, one.version) if version],
            )
            for one in self.packages
        ]
        return phrases.packages(packages=rows)

    def notices(self) -> Iterator[Notice]:
        """What whoever asked for it has to know or to do."""
        if self.exit_code is None:
            yield InstallationStopped()
        elif self.exit_code:
            text = _WHITE.sub(" ", self.output[-READ_CHARACTERS:])
            if "No module named pip" in text:
                yield InstallerMissing()
            elif "externally-managed-environment" in text or "externally managed" in text:
                yield EnvironmentManaged()
            elif missing := not_found(text):
                yield PackagesNotFound(packages=missing)
        elif unseen := [one.name for one in self.packages if one.change == "not_seen"]:
            yield PackagesNotSeen(packages=unseen)
        if self.imported:
            yield KernelRestartNeeded(modules=self.imported)


def _data(outputs: Sequence[Output]) -> Mapping[str, Any] | None:
    """What the kernel reported: the last output, but for an error."""
    for output in reversed(outputs[-LAST_OUTPUTS:]):
        if REPORT_TYPE in output.get("data", ()):
            found: Mapping[str, Any] = output["data"][REPORT_TYPE]
            return found
    return None


def printed(outputs: Sequence[Output]) -> str:
    """What the installer printed."""
    return "".join(output["text"] for output in outputs if output.get("output_type") == "stream")


def not_found(text: str) -> list[str]:
    """The requirements for which an installer says that it found nothing, each once."""
    text = _WHITE.sub(" ", text)
    found = (next(filter(None, match.groups())) for match in _NOT_FOUND.finditer(text))
    return list(dict.fromkeys(one.strip() for one in found))


def _change(row: Mapping[str, Any]) -> PackageChange:
    old, new = row["old_version"], row["version"]
    if new is None:
        return "removed" if old is not None else "not_seen"
    if not row["changed"]:
        return "unchanged"
    if old is None:
        return "installed"
    if old == new:
        return "reinstalled"
    try:
        return "upgraded" if Version(new) > Version(old) else "downgraded"
    except InvalidVersion:  # one of before PEP 440
        return "upgraded"
