"""Host names of users are the Hub's own."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from jupyterhub.utils import subdomain_hook_idna

from jmcp.hub.gateway.domains import domain_label

NAMES = st.text(min_size=1, max_size=80) | st.from_regex(r"[a-z0-9ü._@-]{1,70}", fullmatch=True)


@settings(deadline=None)
@given(NAMES.map(str.lower))
def test_a_label_is_that_of_jupyterhub(name: str) -> None:
    assert f"{domain_label(name)}.hub" == subdomain_hook_idna(name, "hub", "user")
