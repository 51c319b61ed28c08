"""Files that are no notebooks: written whole, where paths may lead, and in nobody's place unasked."""

from __future__ import annotations

import asyncio

import pytest

from jmcp.core.errors import DirectoryMissing, FileExists, PathRefused
from tests.ports.documents.conftest import StartServer


async def test_a_file_is_written_and_replaced_only_if_asked(start_server: StartServer) -> None:
    server = await start_server(live=False)
    documents, root = server.documents, server.root
    server.put_text("folder/there.txt", "old")
    assert await documents.check_file("./folder//new.bin", overwrite=False) == "folder/new.bin"
    await documents.write_file("folder/new.bin", b"\xff\x00", overwrite=False)
    assert (root / "folder/new.bin").read_bytes() == b"\xff\x00"
    with pytest.raises(FileExists):
        await documents.check_file("folder/there.txt", overwrite=False)
    with pytest.raises(FileExists):
        await documents.write_file("folder/there.txt", b"new", overwrite=False)
    assert server.text("folder/there.txt") == "old"
    await documents.write_file("folder/there.txt", b"new", overwrite=True)
    assert server.text("folder/there.txt") == "new"
    # Of two at once, one has the name.
    both = [documents.write_file("both.txt", text, overwrite=False) for text in (b"1", b"2")]
    ended = await asyncio.gather(*both, return_exceptions=True)
    assert [isinstance(one, FileExists) for one in ended].count(True) == 1
    assert sorted(path.name for path in root.iterdir() if path.name.startswith("jmcp-new")) == []
    for path, error in {
        "../out.txt": PathRefused,
        "/tmp/out.txt": PathRefused,
        ".hidden.txt": PathRefused,
        "folder": PathRefused,
        "nope/out.txt": DirectoryMissing,
    }.items():
        with pytest.raises(error):
            await documents.check_file(path, overwrite=True)
        with pytest.raises(error):
            await documents.write_file(path, b"x", overwrite=True)
