"""Runs the blocks of a page one after the other, as a reader goes through it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp.shared.exceptions import MCPError

from tests.documentation.blocks import Block, blocks
from tests.documentation.client_configs import servers, tools_of
from tests.documentation.shell import Shell, shell
from tests.served import environment, free_port
from tests.thorough import THOROUGH

CHECKOUT = Path(__file__).parents[2]
COPIED = (
    "Makefile",
    "pyproject.toml",
    ".ci",
    "spec",
    "generated",
    "examples",
    "deploy",
    "labextension/built",
    "labextension/install.json",
)
"""What commands of a page read or write of the checkout, so that they write into a copy."""
SHOWN_PORTS = ("8888", "8889", "6379")
"""Those that pages name. Free ones take their places."""
SHELL = ("sh", "bash")
LANGUAGES = (*SHELL, "python", "json", "toml")
"""Of blocks that are run or read without a comment that says what they are."""
TOKEN = re.compile(r"Bearer ([\w.~+/=-]{20,})")
SESSION = re.compile(r'"session_id": *"([\w.-]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a reader has: a checkout, where the shell begins, and a home with a folder of notebooks."""

    checkout: Path
    home: Path
    logs: Path
    ports: Mapping[str, int]

    @classmethod
    def make(cls, base: Path) -> Surroundings:
        made = cls(
            checkout=base / "jmcp",
            home=base / "home",
            logs=base / "logs",
            ports={shown: free_port() for shown in SHOWN_PORTS},
        )
        made.logs.mkdir()
        for name in COPIED:
            source, target = CHECKOUT / name, made.checkout / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)
        (made.checkout / ".venv").symlink_to(CHECKOUT / ".venv")
        # Else make would install the copy into the environment of all tests where that is out of date.
        os.utime(made.checkout / "pyproject.toml", (0, 0))
        shutil.copytree(CHECKOUT / "examples" / "notebooks", made.home / "notebooks")
        return made

    @property
    def variables(self) -> dict[str, str]:
        """Those of a shell in which `.venv` is active; nothing of the machine configures Jupyter or jmcp."""
        port = str(self.ports["8888"])
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": path, "PORT": port, "JMCP_PORT": port, "JUPYTER_PORT": port}
        other = {"LOGS": str(self.logs), "JMCP_BROWSER": "0", "BROWSER": "true"}
        # Without it each command that serves really does, in the place of the one before.
        other["ONE_START"] = "" if THOROUGH else "1"
        given = environment(self.home)
        del given["JMCP_TOOLSET"]
        return given | own | other


class Page:
    """A page being run. `ran` counts its blocks."""

    def __init__(self, path: Path, surroundings: Surroundings, running: Shell) -> None:
        self.path = path
        self.ran = 0
        self._surroundings = surroundings
        self._shell = running
        self._printed = ""

    async def run(self) -> None:
        """Run all blocks. Raises AssertionError with the file and the line of the one that fails."""
        for block in blocks(self.path):
            if block.mark not in ("not run", "shown"):
                try:
                    await self._run(block)
                except (AssertionError, ValueError, KeyError, MCPError, ExceptionGroup) as error:
                    raise AssertionError(f"{self.path.name}:{block.line}: {error}") from error
                self.ran += 1

    async def _run(self, block: Block) -> None:
        text = self._filled(block.text)
        if block.mark == "output":
            assert matches(text, self._printed), f"it prints something else:\n{self._printed}"
        elif block.mark == "file":
            self._write(block.said, text)
        elif block.mark == "fails":
            fails = f"status=0\n{{\n{text}\n}} || status=$?\ntest $status -ne 0\n"
            self._printed = self._shell.run(fails)
        elif block.language in SHELL:
            self._printed = self._shell.run(text)
        elif block.language == "python":
            script = self._surroundings.logs / f"line-{block.line}.py"
            script.write_text(text)
            self._printed = self._shell.run(f"python -P {script}\n")
        elif block.language == "json":
            await self._use(json.loads(text))
        elif block.language == "toml":
            await self._use(tomllib.loads(text))
        else:
            raise AssertionError(
                f"a block of {block.language or 'no language'} needs a comment that says what it is"
            )

    def _filled(self, text: str) -> str:
        """The text with the ports of this run, and what earlier commands printed for its placeholders."""
        for shown, port in self._surroundings.ports.items():
            text = re.sub(rf"\b{shown}\b", str(port), text)
        if re.search(r"\bTOKEN\b", text):
            text = re.sub(r"\bTOKEN\b", self._found(TOKEN, self._logged()), text)
        if re.search(r"\bSESSION_ID\b", text):
            text = re.sub(r"\bSESSION_ID\b", self._found(SESSION, self._printed), text)
        return text.replace("~/", f"{self._surroundings.home}/")

    def _logged(self) -> str:
        """What the servers of the page printed, the last one's first."""
        logs = sorted(self._surroundings.logs.glob("*.log"), reverse=True)
        return "\n".join(log.read_text() for log in logs)

    @staticmethod
    def _found(pattern: re.Pattern[str], printed: str) -> str:
        match = pattern.search(printed)
        assert match is not None, f"no {pattern.pattern} in:\n{printed}"
        return match[1]

    def _write(self, path: str, text: str) -> None:
        """Write a file that the page shows, and read it where its form is known."""
        target = self._surroundings.checkout / self._filled(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        if target.suffix == ".json":
            json.loads(text)
        elif target.suffix == ".toml":
            tomllib.loads(text)

    async def _use(self, data: Any) -> None:
        variables = self._surroundings.variables
        del variables["JMCP_PORT"]  # a default of this run's; a client knows nothing of it
        for server in servers(data):
            tools = await tools_of(server, variables)
            assert "use_notebook" in tools


def matches(shown: str, printed: str) -> bool:
    """Whether that was printed; `...` stands for anything, and blanks at the ends of lines for nothing."""
    lines = "\n".join(line.rstrip() for line in printed.strip().splitlines())
    pattern = re.escape("\n".join(line.rstrip() for line in shown.strip().splitlines()))
    return re.fullmatch(pattern.replace(re.escape("..."), ".*"), lines, re.DOTALL) is not None


async def run(path: Path, base: Path) -> int:
    """Run a page with all that it writes below `base`. Returns how many blocks ran."""
    surroundings = Surroundings.make(base)
    with shell(surroundings.logs, surroundings.checkout, surroundings.variables) as running:
        page = Page(path, surroundings, running)
        await page.run()
    return page.ran
