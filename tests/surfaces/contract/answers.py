"""What a server answers to the spec's examples over REST: recorded in `spec/answers.json`, from where
the OpenAPI document has its examples of answers.

    JMCP_UPDATE_ANSWERS=1 pytest tests/surfaces/contract/test_examples.py -k over_rest

records them anew; what differs from one run to the next is made the same for all.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

from tests.surfaces.contract.examples import SPEC, Example

FILE = SPEC / "answers.json"
UPDATES = bool(os.environ.get("JMCP_UPDATE_ANSWERS"))
MOMENT = "2026-11-28T12:00:00Z"
TIMES = frozenset(
    (
        "since",
        "began",
        "started",
        "last_modified",
        "last_activity",
        "opened",
        "last_call",
        "when",
        "of",
    )
)
IDS = {
    "session_id": "k7m2x9qa",
    "kernel_id": "5f0c1f6e-3d4b-4f4e-9a57-0c1d2e3f4a5b",
    "execution_id": "8c1d4f0a2b7e",
    "change_id": "c41f9d02",
    "session": "k7***",
    "checkpoint_id": "checkpoint",
    "acceptance_id": "a07c52de",
}
GIVEN_CELL = re.compile(r"aaaa000\d")
URL = re.compile(r"http://(?:127\.0\.0\.1|localhost):\d+")


def recorded() -> dict[str, dict[str, Any]]:
    """All that is recorded, by tool and name of the example."""
    answers: dict[str, dict[str, Any]] = json.loads(FILE.read_text()) if FILE.exists() else {}
    return answers


def record(example: Example, status: int, body: Any) -> None:
    """Keep the answer, beside those that are there already."""
    answers = recorded()
    answers.setdefault(example.tool, {})[example.name] = {"status": status, "body": same(body)}
    FILE.write_text(json.dumps(answers, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


def same(body: Any) -> Any:
    """An answer with the same names, times and sizes as in every other run."""
    names: dict[str, str] = {}
    _learn(body, names)
    text = json.dumps(body)
    for name, other in names.items():
        text = text.replace(name, other)
    text = URL.sub("http://localhost:8888", text)
    return _steady(json.loads(text))


def _learn(value: Any, names: dict[str, str]) -> None:
    if isinstance(value, list):
        for inner in value:
            _learn(inner, names)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str) and len(inner) > 3:
                if key in IDS:
                    names[inner] = IDS[key]
                elif key == "cell_id" and not GIVEN_CELL.fullmatch(inner):
                    names.setdefault(inner, f"bbbb000{len(names) % 10}")
            _learn(inner, names)


def _steady(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _steady(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        # Calls of other tests on the same server are listed too.
        kept = value[:2] if value and isinstance(value[0], dict) and "began" in value[0] else value
        return [_steady(inner, key) for inner in kept]
    if key == "seconds":
        return 0.01
    if key == "size" and isinstance(value, int) and value > 100:
        return 1024
    if key in TIMES and isinstance(value, str) and value[:2] == "20":
        return MOMENT
    if key == "version":
        return "1.0.0"
    return value
