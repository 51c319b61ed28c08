"""The page of metrics names what a server has, and nothing else."""

from __future__ import annotations

import re

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from tests.documentation.page import CHECKOUT
from tests.served import Served

PAGE = CHECKOUT / "docs" / "reference" / "metrics.md"


ON_A_HUB = {"jmcp_memory_used_bytes", "jmcp_memory_limit_bytes"}
"""Where a server has a limit of memory (`scenarios/observability/test_memory.py`)."""


def test_the_page_lists_the_metrics_that_there_are(served: Served) -> None:
    answer = httpx2.get(f"{served.url}jmcp/metrics", headers=served.headers)
    there = {family.name for family in text_string_to_metric_families(answer.text)}
    mine = {name for name in there if name.startswith("jmcp_")}
    named = set(re.findall(r"`(jmcp_\w+?)(?:_total)?(?:\{[\w,]+\})?`", PAGE.read_text()))
    assert named - ON_A_HUB == {name.removesuffix("_total") for name in mine}
    assert named >= ON_A_HUB
