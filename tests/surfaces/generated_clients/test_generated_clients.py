"""Clients that others generate from the OpenAPI document: they have all of it, and work."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from jmcp.compose import API
from tests.node_tools import NodeTools
from tests.served import Served
from tests.thorough import thorough

PACKAGE = "jmcp_generated_rest"
TYPESCRIPT = Path(__file__).with_name("run.ts")
SECONDS = 120
STRICT = {
    "strict": True,
    "noUncheckedIndexedAccess": True,
    "exactOptionalPropertyTypes": True,
    "target": "es2022",
    "module": "esnext",
    "moduleResolution": "bundler",
    "lib": ["es2022", "dom", "dom.iterable"],
    "types": [],
    "skipLibCheck": True,
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A package of openapi-python-client, made without any warning, and importable."""
    folder = tmp_path_factory.mktemp("generated")
    config = folder / "config.yaml"
    config.write_text("post_hooks: []\nliteral_enums: true\n")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"]
    command += ["--path", API.openapi_file, "--config", str(config), "--meta", "none"]
    command += ["--output-path", str(folder / PACKAGE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield folder / PACKAGE
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def operation(group: str, name: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.api.{group}.{name}")


def model(name: str) -> Any:
    return getattr(importlib.import_module(f"{PACKAGE}.models"), name)


def test_python_works_in_a_notebook(package: Path, served: Served) -> None:
    made = importlib.import_module(f"{PACKAGE}.client").AuthenticatedClient(
        base_url=served.url.rstrip("/"), token=served.token, timeout=60
    )
    with made as client:
        body = model("UseNotebookBody")(notebook_path="generated-py.ipynb", mode="create")
        opened = operation("notebooks", "use_notebook").sync(client=client, body=body)
        session = opened.session_id
        body = model("InsertCellBody")(cell_index=0, cell_type="code", cell_source="6 * 7")
        insert = operation("cells", "insert_cell")
        cell = insert.sync(session, client=client, body=body).cell_id
        run = operation("execution", "execute_cell").sync(
            session, cell, client=client, body=model("ExecuteCellBody")(wait=60)
        )
        assert run.outputs[0].text == "42"

        read = operation("cells", "read_cell").sync_detailed(session, cell, client=client)
        tag = read.headers["etag"]
        put = operation("cells", "overwrite_cell_source").sync_detailed
        body = model("OverwriteCellSourceBody")(cell_source="6 * 8")
        assert put(session, cell, client=client, body=body, if_match=tag).status_code == 200
        body = model("OverwriteCellSourceBody")(cell_source="6 * 9")
        stale = put(session, cell, client=client, body=body, if_match=tag)
        assert stale.status_code == HTTPStatus.PRECONDITION_FAILED
        assert stale.parsed.code == "cell_changed"
        assert stale.parsed.details["source"] == "6 * 8"
        missing = operation("cells", "read_cell").sync(session, "nope", client=client)
        assert (missing.status, missing.code) == (404, "cell_not_found")

        for source in ("1", "2"):
            body = model("InsertCellBody")(cell_index=-1, cell_type="code", cell_source=source)
            insert.sync(session, client=client, body=body)
        listing = operation("notebooks", "read_notebook")
        page = listing.sync_detailed(session, client=client, limit=2)
        assert 'rel="next"' in page.headers["link"]
        more = page.parsed.more.start_index
        assert len(listing.sync(session, client=client, start_index=more).cells.rows) == 2
        ended = operation("notebooks", "unuse_notebook").sync(session, client=client, kernel="stop")
        assert ended.session_ended


def test_python_has_every_operation(package: Path) -> None:
    modules = {path.stem for path in package.glob("api/*/*.py")} - {"__init__"}
    document = json.loads(Path(API.openapi_file).read_text())
    assert modules == {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
    }


@thorough
def test_python_is_strictly_typed(package: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", PACKAGE]
    command += ["--cache-dir", str(package.parent / "cache")]
    done = subprocess.run(
        command, cwd=package.parent, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_typescript_works_in_a_notebook(
    node_tools: NodeTools, served: Served, tmp_path: Path
) -> None:
    (tmp_path / "node_modules").symlink_to(node_tools.modules)
    shutil.copy(TYPESCRIPT, tmp_path)
    schema = ["openapi-typescript", API.openapi_file, "-o", str(tmp_path / "schema.ts")]
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": STRICT}))
    address = {"JMCP_TEST_URL": served.url.rstrip("/"), "JMCP_TEST_TOKEN": served.token}
    for name, *arguments in (schema, ["tsc"]):
        run([*node_tools.command(name), *arguments], tmp_path, node_tools.environment())
    (tmp_path / "package.json").write_text('{"type": "module"}')
    printed = run([str(node_tools.node), "run.js"], tmp_path, node_tools.environment(**address))
    assert json.loads(printed) == {
        "output": "42",
        "edited": "overwritten",
        "stale": [412, "cell_changed", "6 * 8"],
        "missing": [404, "cell_not_found"],
        "link": True,
        "rows": [2, 2],
        "ended": True,
    }


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
