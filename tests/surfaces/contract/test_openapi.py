"""The REST facade against its own OpenAPI document: schemathesis on a served JupyterLab.

Its own plugin makes hundreds of cases of each operation when tests are collected, in each process that
collects them: five seconds of a core, and its import two. Here they are made when their test runs.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, settings
from openapi_spec_validator import OpenAPIV31SpecValidator

from jmcp_api.http import OPENAPI_FILE
from jmcp_api.registry import TOOLS
from tests.served import Served
from tests.thorough import amount, thorough

EXAMPLES = amount(fast=4, all=12)
REQUEST_SECONDS = 30
TAGS = ("*", '"0123456789abcdef"', 'W/"a", "b"')


def either(case: Any) -> None:
    """OpenAPI cannot say "exactly one" of query parameters, so a valid case may have both or none."""
    query = case.query
    if case.operation.label.startswith("DELETE") and case.operation.path.endswith("/cells"):
        if "cell_indices" in query:
            query.pop("cell_ids", None)
        else:
            query.setdefault("cell_ids", ["unknown"])


def installable(case: Any) -> None:
    """Nor can it say what a requirement is: any text would be valid."""
    if case.operation.path.endswith("/kernel/packages") and isinstance(case.body, dict):
        case.body["packages"] = ["pip"]


def tagged(case: Any) -> None:
    """Headers are made without regard to their pattern, so that a valid one has to be put there."""
    for name in ("If-Match", "If-None-Match"):
        if name in (case.headers or {}):
            case.headers[name] = TAGS[len(case.headers[name]) % len(TAGS)]


# The committed document: another test holds that the served one is the same.
DOCUMENT = json.loads(files("jmcp_api").joinpath(OPENAPI_FILE).read_text())
OPERATIONS = [
    operation["operationId"] for path in DOCUMENT["paths"].values() for operation in path.values()
]


@pytest.fixture(scope="module")
def schema() -> Any:
    import schemathesis  # only where these tests run

    return schemathesis.openapi.from_dict(DOCUMENT)


# Each case of run_script that is valid starts a kernel.
@pytest.mark.parametrize(
    "operation_id",
    [pytest.param(name, marks=thorough) if name == "run_script" else name for name in OPERATIONS],
)
def test_an_operation_keeps_its_word(operation_id: str, schema: Any, served: Served) -> None:
    # As the plugin does: the examples of the document, boundaries of each parameter, random cases.
    from schemathesis.checks import load_all_checks
    from schemathesis.generation.feedback import FeedbackSources
    from schemathesis.pytest._test_builder import build_operation_test
    from schemathesis.python._constants.orchestrator import make_constants_value_source

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def keeps_its_word(case: Any) -> None:
        if case.meta.generation.mode.is_positive:
            either(case)
            installable(case)
            tagged(case)
        case.call_and_validate(base_url=served.url, headers=served.headers, timeout=REQUEST_SECONDS)

    load_all_checks()
    build_operation_test(
        config=schema.config,
        operation=schema.find_operation_by_id(operation_id),
        test_func=keeps_its_word,
        given_kwargs={},
        feedback=FeedbackSources(constants_value_source=make_constants_value_source(schema)),
    )()


def test_links_lead_from_opening_a_session_through_using_it(schema: Any, served: Served) -> None:
    machine = schema.as_state_machine()

    class Workflow(machine):  # type: ignore[misc, valid-type]
        def before_call(self, case: Any) -> None:
            if case.meta.generation.mode.is_positive:
                either(case)
                installable(case)

        def get_call_kwargs(self, _: Any) -> dict[str, Any]:
            return {
                "base_url": served.url,
                "headers": served.headers,
                "timeout": REQUEST_SECONDS,
            }

    Workflow.run(
        settings=settings(
            max_examples=amount(fast=3, all=10),
            stateful_step_count=6,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
    )


def test_the_served_document_is_valid_and_names_every_tool(served: Served) -> None:
    document = httpx2.get(f"{served.url}jmcp/openapi.json", headers=served.headers).json()
    OpenAPIV31SpecValidator(document).validate()
    operations = json.dumps(document["paths"])
    assert all(f'"{name}' in operations for name in TOOLS)
