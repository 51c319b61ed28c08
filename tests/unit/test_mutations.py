"""`make mutations` finds the places that it changes: a refactoring takes them along."""

from __future__ import annotations

import pytest

from tests.mutations import MUTATIONS, ROOT, Mutation, place_of


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_the_place_of_a_mutation_is_there(mutation: Mutation) -> None:
    assert place_of(mutation, ROOT) is None
    assert all((ROOT / tests).exists() for tests in mutation.tests)
