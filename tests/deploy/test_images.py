"""What the images are built from is what a wheel is built from, and nothing of the machine."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.deploy.files import CHECKOUT, DEPLOY, program
from tests.thorough import thorough

IMAGES = sorted((DEPLOY / "images").glob("*/Dockerfile"))
OF_THE_PROJECT = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"}


@pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.parent.name)
def test_they_copy_what_a_wheel_is_built_from(image: Path) -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    sources = set(project["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"])
    copied = re.findall(r"^COPY (.+) \S+$", image.read_text(), re.MULTILINE)
    named = {word for line in copied for word in line.split()}
    assert named == sources | OF_THE_PROJECT
    let_in = image.with_name("Dockerfile.dockerignore").read_text().split("\n")
    assert let_in[1] == "*"
    assert {line[1:] for line in let_in if line.startswith("!")} == named


@pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.parent.name)
def test_nothing_runs_as_root_and_no_version_is_the_newest(image: Path) -> None:
    text = image.read_text()
    users = re.findall(r"^USER (.+)$", text, re.MULTILINE)
    assert users[-1] == "1000:1000"
    assert text.rindex("USER 1000:1000") < text.rindex("\nCMD ")
    assert ":latest" not in text
    assert len({re.findall(r"ARG JUPYTERHUB=(\S+)", one.read_text())[0] for one in IMAGES}) == 1


@thorough
@pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.parent.name)
def test_hadolint_has_nothing_to_say(image: Path) -> None:
    done = subprocess.run(
        [program("hadolint"), image], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout
