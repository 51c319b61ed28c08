"""A notebook behind a symbolic link: its file is written elsewhere than where its name is."""

from __future__ import annotations

import pytest

from tests.document_access import editing, reading
from tests.ports.documents.conftest import StartServer


@pytest.mark.parametrize("live", [True, False], ids=["live", "file"])
async def test_edits_stay_while_the_file_is_older_than_they_are(
    start_server: StartServer, live: bool
) -> None:
    server = await start_server(live=live)
    server.write("real.ipynb", "zero")
    (server.root / "link.ipynb").symlink_to("real.ipynb")
    ref = await server.documents.identify("link.ipynb")
    for number in range(6):
        async with editing(server.documents, ref) as cells:
            cells.insert(len(cells), "code", f"new {number}")
        if number == 2:
            assert await server.documents.save(ref) == "saved"
    expected = ["zero", *(f"new {number}" for number in range(6))]
    async with reading(server.documents, ref) as cells:
        assert [cells.get(index).source for index in range(len(cells))] == expected
    assert await server.documents.save(ref) == "saved"
    assert server.sources("real.ipynb") == expected
    assert (server.root / "link.ipynb").is_symlink()
