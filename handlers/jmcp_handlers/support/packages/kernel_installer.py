"""Installs packages into the interpreter that runs it. This file runs in people's kernels, as text.

It needs Python 3.8 or newer and imports nothing but the standard library; IPython, which is there,
publishes its report. What the installer prints is printed while it comes.
"""

from __future__ import annotations

import codecs
import collections
import importlib
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

REPORT_TYPE = "application/vnd.jmcp.installation+json"
"""The MIME type of the report, which is the last output."""
MOST_ROWS = 500
"""Distributions that a report lists."""
MOST_MODULES = 20
GRACE_SECONDS = 2.0
"""An installer that is to end has so long, before it is ended by force."""
LEFT_OPEN_SECONDS = 1.0
"""So long after the installer ended its output is read, which a process of its own may hold open."""
PIP_SETTINGS = ("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX", "TARGET", "CONFIG_FILE")
"""Settings of pip that uv does not read."""
UV_SETTINGS = ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "UV_CONFIG_FILE")

Place = collections.namedtuple("Place", ("version", "folder", "made"))
"""A distribution: its version, the folder of its metadata, and when that was made."""


class InstallationFailed(Exception):
    """The installer ended with an error."""


def install(asked: str) -> None:
    """Install, and publish what changed, whatever became of it. Raises InstallationFailed.

    `asked` is JSON: `requirements`, the normalised `names` of these, and `upgrade`.
    """
    wanted = json.loads(asked)
    if not sys.executable:
        raise InstallationFailed("the kernel does not know its interpreter")
    name, command = installer(sys.executable)
    if wanted["upgrade"]:
        command.append("--upgrade")
    command += ["--", *wanted["requirements"]]
    _write("$ " + " ".join(command) + "\n")
    before = installed()
    code: int | None = None
    try:
        code = _run(command)
    finally:
        importlib.invalidate_caches()
        _publish(report(name, code, wanted["names"], before, installed()))
    if code:
        raise InstallationFailed(name + ": exit code " + str(code))


def installer(interpreter: str) -> tuple[str, list[str]]:
    """The name of the installer, and the command that it begins with.

    uv where it is found, unless pip has settings that uv would not follow, as an index of a company.
    """
    beside = shutil.which("uv", path=os.path.dirname(interpreter))
    uv = beside or shutil.which("uv")
    if uv is not None and not _only_pip_is_configured():
        return "uv", [uv, "pip", "install", "--python", interpreter]
    return "pip", [interpreter, "-m", "pip", "install"]


def _only_pip_is_configured() -> bool:
    environment = os.environ
    if any(environment.get(name) for name in UV_SETTINGS):
        return False
    if any(environment.get("PIP_" + name) for name in PIP_SETTINGS):
        return True
    home = os.path.expanduser("~")
    config = environment.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    files = [os.path.join(folder, "pip", "pip.conf") for folder in (config, "/etc/xdg")]
    files += ["/etc/pip.conf", os.path.join(home, ".pip", "pip.conf")]
    files += [os.path.join(sys.prefix, name) for name in ("pip.conf", "pip.ini")]
    if environment.get("APPDATA"):
        files.append(os.path.join(environment["APPDATA"], "pip", "pip.ini"))
    return any(map(os.path.isfile, files))


def _run(command: list[str]) -> int:
    """Run it in a folder of the interpreter's own, so that no file of the notebook's is taken for a
    module of the installer; print what it prints. An interrupt of the kernel ends it."""
    folder = sys.prefix if os.path.isdir(sys.prefix) else None
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(),
        cwd=folder,
    )
    parts: queue.Queue[str | None] = queue.Queue()
    reader = threading.Thread(target=_read, args=(process, parts), daemon=True)
    try:
        # In a thread, since what waits for a pipe cannot be interrupted everywhere.
        reader.start()
        ended: float | None = None
        while True:
            try:
                part = parts.get(timeout=0.1)
            except queue.Empty:
                now = time.monotonic()
                if process.poll() is not None:
                    ended = ended or now
                    if now - ended > LEFT_OPEN_SECONDS:
                        break
                continue
            if part is None:
                break
            _write(part)
        return process.wait()
    finally:
        _end(process)


def _read(process: Any, parts: Any) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while True:
        data = os.read(process.stdout.fileno(), 65536)
        text = decoder.decode(data, final=not data)
        if text:
            parts.put(text.replace("\r\n", "\n"))
        if not data:
            parts.put(None)
            return


def _end(process: Any) -> None:
    """End the installer, if it still runs. It has had the interrupt too where it came as a signal."""
    for stop in (None, process.terminate, process.kill):
        if process.poll() is not None:
            return
        try:
            if stop is not None:
                stop()
            process.wait(GRACE_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            continue  # interrupted once more, it is ended all the same


def _environment() -> dict[str, str]:
    """Without questions, progress bars and colours."""
    return {
        **os.environ,
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_PROGRESS_BAR": "off",
        "UV_NO_PROGRESS": "1",
        "NO_COLOR": "1",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUNBUFFERED": "1",
    }


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def normalised(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def installed() -> dict[str, Place]:
    """The distributions that this interpreter would import from, by normalised name: those of the
    first folder that has one, and there of the metadata that was made last."""
    found: dict[str, Place] = {}
    for folder in dict.fromkeys(sys.path):
        here: dict[str, Place] = {}
        for name, place in _metadata(folder):
            if name not in here or place.made > here[name].made:
                here[name] = place
        found = {**here, **found}
    return found


def _metadata(folder: str) -> Iterator[tuple[str, Place]]:
    try:
        entries = list(os.scandir(folder or "."))
    except OSError:
        return
    for entry in entries:
        stem, kind = os.path.splitext(entry.name)
        if kind not in (".dist-info", ".egg-info"):
            continue
        name, _, version = stem.partition("-")
        try:
            made = os.stat(_record(entry.path)).st_mtime_ns
        except OSError:
            made = 0
        yield normalised(name), Place(version.split("-py")[0], entry.path, made)


def _record(folder: str) -> str:
    record = os.path.join(folder, "RECORD")
    return record if os.path.isfile(record) else folder


def report(
    name: str,
    code: int | None,
    wanted: list[str],
    before: dict[str, Place],
    after: dict[str, Place],
) -> dict[str, Any]:
    """What changed, and which modules of it this process has imported before."""
    changed = sorted(
        one for one in {*before, *after} if before.get(one) != after.get(one)
    )  # also in place: the same version made anew
    imported: set[str] = set()
    for one in changed:
        if one in before and one in after:
            imported |= _imported(after[one].folder)
    listed = dict.fromkeys([*wanted, *changed])
    return {
        "installer": name,
        "exit_code": code,
        "packages": [
            {
                "name": one,
                "old_version": before[one].version if one in before else None,
                "version": after[one].version if one in after else None,
                "changed": before.get(one) != after.get(one),
            }
            for one in list(listed)[:MOST_ROWS]
        ],
        "total": len(listed),
        "imported": sorted(imported)[:MOST_MODULES],
    }


def _imported(folder: str) -> set[str]:
    """The top-level modules of a distribution of which this process has imported anything."""
    try:
        with open(os.path.join(folder, "RECORD"), encoding="utf-8", errors="replace") as record:
            paths = [line.split(",")[0].strip('"') for line in record]
    except OSError:
        return set()
    found: set[str] = set()
    for path in paths:
        stem, kind = os.path.splitext(path.replace("\\", "/"))
        if kind not in (".py", ".so", ".pyd"):
            continue
        parts = stem.split("/")
        if ".." in parts:
            continue
        parts[-1] = parts[-1].split(".")[0]  # of an extension module, also its ABI tag
        if parts[-1] == "__init__":
            parts.pop()
        if parts and ".".join(parts) in sys.modules:
            found.add(parts[0])
    return found


def _publish(data: dict[str, Any]) -> None:
    display = importlib.import_module("IPython.display")
    display.publish_display_data({REPORT_TYPE: data})
