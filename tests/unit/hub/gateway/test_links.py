"""What a user's server says of its own URLs leads back through the gateway."""

from __future__ import annotations

import json

import pytest

from jmcp.hub.gateway.links import relinked, relinked_openapi

SERVER, GATEWAY = "/user/a%20b", "/services/jmcp"


@pytest.mark.parametrize(
    ("name", "value", "moved"),
    [
        ("location", "/user/a%20b/jmcp/v1/sessions/1", "/services/jmcp/jmcp/v1/sessions/1"),
        ("location", "/user/a%20b/lab/tree/x", "/user/a%20b/lab/tree/x"),
        ("location", "/user/a%20bc/jmcp/v1", "/user/a%20bc/jmcp/v1"),
        ("location", "https://example.org/user/a%20b/jmcp/v1", None),
        (
            "link",
            '</user/a%20b/jmcp/v1/x?start_index=2>; rel="next", </user/a%20b/jmcp/v1/x>; rel="first"',
            '</services/jmcp/jmcp/v1/x?start_index=2>; rel="next", </services/jmcp/jmcp/v1/x>; rel="first"',
        ),
        ("etag", "/user/a%20b/jmcp/v1", None),
    ],
)
def test_headers_lead_back(name: str, value: str, moved: str | None) -> None:
    pairs = [(name.encode(), value.encode())]
    expected = [(name.encode(), (value if moved is None else moved).encode())]
    assert relinked(pairs, SERVER.encode(), GATEWAY.encode()) == expected


def test_the_openapi_document_has_its_server_at_the_gateway() -> None:
    document = {
        "servers": [{"url": SERVER}, {"url": "https://example.org"}],
        "paths": {"/jmcp": {}},
    }
    moved = json.loads(relinked_openapi(json.dumps(document).encode(), SERVER, GATEWAY))
    assert moved == document | {"servers": [{"url": GATEWAY}, {"url": "https://example.org"}]}


@pytest.mark.parametrize("other", [b"[]", b"{", b'{"servers": 3}', b'{"servers": [3]}'])
def test_what_is_no_openapi_document_stays(other: bytes) -> None:
    assert relinked_openapi(other, SERVER, GATEWAY) == other
