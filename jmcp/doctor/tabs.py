"""How JupyterLab of this environment has notebooks in its tabs, and jmcp's labextension there.

Reads what JupyterLab reads for each of its pages. To import what JupyterLab reads it with takes longer than
a person waits for all checks.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jmcp.doctor.finding import Finding, problem, warning
from jmcp.installation import adding

OURS = "jmcp-labextension"
PLUGINS = ("sharing", "presence", "workspace")
COLLABORATION = "@jupyter/docprovider-extension"
ROOMS = "jupyter_server_ydoc"
ABOUT = "tabs"
REMEDY = "pip install --force-reinstall --no-deps jmcp, then reload JupyterLab's pages"


@dataclass(slots=True, kw_only=True)
class _Page:
    """What pages load: the versions of labextensions by name, with the folder of each, and what is
    disabled. `broken` are files of it that cannot be read."""

    versions: dict[str, str] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    disabled: dict[str, bool] = field(default_factory=dict)
    rtc_off: bool = False
    broken: list[Path] = field(default_factory=list)

    def loads(self, *names: str) -> bool:
        """Whether the labextension that is named first is there, and none of the names disabled."""
        return names[0] in self.versions and not any(self.disabled.get(name) for name in names)


async def tabs() -> Sequence[Finding]:
    """Which of the three ways it is, and what is wrong with jmcp's labextension."""
    if find_spec("jupyterlab") is None:
        return [Finding(about=ABOUT, fact="no JupyterLab in this environment")]
    return await asyncio.to_thread(_tabs)


def _tabs() -> Sequence[Finding]:
    page = _page()
    found = [_of_labextension(page)]
    rooms = find_spec(ROOMS) is not None
    if rooms and not page.rtc_off and page.loads(COLLABORATION):
        fact = "collaboration: JupyterLab's own shares notebooks with agents, live"
    elif rooms and page.loads(OURS, f"{OURS}:sharing"):
        fact = "jmcp: its labextension shares notebooks with agents, live"
    else:
        fact = "file: an open page shows nothing of what agents do until it is reloaded"
        remedy = f"enable {OURS}, or jupyter-collaboration"
        return [*found, warning(ABOUT, fact, remedy if rooms else adding("lab"))]
    return [*found, Finding(about=ABOUT, fact=fact)]


def _of_labextension(page: _Page) -> Finding:
    about = "labextension"
    if page.broken:
        fact = f"{page.broken[0]} cannot be read, and JupyterLab's pages not be loaded"
        return problem(about, fact, f"repair or remove {page.broken[0]}")
    if OURS not in page.versions:
        fact = f"{OURS} is not installed: JupyterLab shows nothing of agents"
        return problem(about, fact, REMEDY)
    off = [one for one in (OURS, *(f"{OURS}:{name}" for name in PLUGINS)) if page.disabled.get(one)]
    if off:
        remedy = f"jupyter labextension enable {off[0]}, if that was not meant"
        return warning(about, f"{', '.join(off)} is disabled", remedy)
    installed, where = page.versions[OURS], page.folders[OURS]
    if installed != version("jmcp"):
        fact = f"{OURS} in {where} is {installed}, and jmcp is {version('jmcp')}"
        return warning(about, fact, REMEDY)
    return Finding(about=about, fact=f"{OURS} {installed}, in {where}")


def _page() -> _Page:
    # Jupyter's own; jmcp doctor runs without it too.
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    page = _Page()
    for folder in map(Path, jupyter_path("labextensions")):
        for manifest in (*folder.glob("[!@]*/package.json"), *folder.glob("@*/*/package.json")):
            name = manifest.parent.relative_to(folder).as_posix()
            if name in page.versions:
                continue
            about = _json(manifest, page)
            page.versions[name] = str(about.get("version"))
            page.folders[name] = manifest.parent
            _take(about.get("jupyterlab"), page)
    settings = Path(sys.prefix) / "share" / "jupyter" / "lab" / "settings"
    configured = (Path(folder) / "labconfig" for folder in reversed(jupyter_config_path()))
    for folder in (settings, *configured):
        for file in _files(folder):
            _take(_json(file, page), page)
    return page


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("page_config.d/*.json"))
    if (folder / "page_config.json").is_file():
        yield folder / "page_config.json"


def _take(about: Any, page: _Page) -> None:
    """What a file says of disabled extensions: a list of names, or whether each is."""
    if not isinstance(about, dict):
        return
    disabled = about.get("disabledExtensions")
    if isinstance(disabled, list):
        disabled = {str(name): True for name in disabled}
    if isinstance(disabled, dict):
        page.disabled |= {name: bool(off) for name, off in disabled.items()}
    if "disableRTC" in about:
        page.rtc_off = about["disableRTC"] in (True, "true")


def _json(file: Path, page: _Page) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        page.broken.append(file)
        return {}
    return found if isinstance(found, dict) else {}
