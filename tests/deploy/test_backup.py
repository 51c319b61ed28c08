"""The script that backs up a Hub: while databases are written, with what people may put into a home."""

from __future__ import annotations

import contextlib
import grp
import io
import json
import os
import pwd
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.files import DEPLOY, load

SCRIPT = DEPLOY / "backup" / "backup.py"
BACKUP = load(SCRIPT)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A Hub's database and key, the gateway's state and two homes."""
    data = tmp_path / "data"
    for folder in ("hub", "gateway", "users/ada/notebooks", "users/bob"):
        (data / folder).mkdir(parents=True)
    (data / "hub" / "jupyterhub_cookie_secret").write_text("secret")
    (data / "hub" / "jupyterhub_cookie_secret").chmod(0o600)
    (data / "users" / "ada" / "notebooks" / "a.ipynb").write_text('{"cells": []}')
    (data / "users" / "ada" / "readme").symlink_to("/etc/hostname")
    (data / "users" / "bob" / "secret.txt").write_text("of bob")
    database(data / "hub" / "jupyterhub.sqlite", wal=False).close()
    database(data / "users" / "ada" / "state.db").close()
    return data


def database(path: Path, *, wal: bool = True) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    if wal:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS edits (number INTEGER PRIMARY KEY, twice INTEGER)"
    )
    return connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: object) -> Done:
    """The script in this process, which is quicker."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        status = BACKUP.main([*map(str, arguments)])
    return Done(returncode=status, stdout=stdout.getvalue(), stderr=stderr.getvalue())


def create(data: Path, *options: object) -> Path:
    done = run("create", "--data", data, "--to", data.parent / "backups", *options)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def restore(data: Path, *options: object) -> Done:
    return run("restore", "--data", data, "--to", data.parent / "backups", *options)


@contextmanager
def written(path: Path) -> Iterator[list[int]]:
    """Rows are added to that database all the time; yields their numbers, once they are committed."""
    acknowledged: list[int] = []
    begun, enough = threading.Event(), threading.Event()

    def write() -> None:
        with closing(database(path)) as connection:
            while not enough.is_set():
                number = len(acknowledged)
                connection.execute("INSERT INTO edits VALUES (?, ?)", (number, 2 * number))
                acknowledged.append(number)
                if number == 50:
                    begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(30)
        yield acknowledged
    finally:
        enough.set()
        writer.join(30)


def test_all_is_there_again_that_was_acknowledged_before_it(data: Path) -> None:
    state = data / "users" / "ada" / "state.db"
    with written(state) as acknowledged:
        before = len(acknowledged)
        create(data)
        assert len(acknowledged) > before, "nothing was written while the backup was made"
    data.rename(data.with_name("destroyed"))

    done = restore(data)

    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(state)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT number, twice FROM edits ORDER BY number").fetchall()
    assert len(rows) >= before
    assert rows == [(number, 2 * number) for number in range(len(rows))]
    assert not list(data.rglob("*-wal"))
    assert (data / "users" / "ada" / "notebooks" / "a.ipynb").read_text() == '{"cells": []}'
    assert os.readlink(data / "users" / "ada" / "readme") == "/etc/hostname"
    assert (data / "users" / "bob" / "secret.txt").read_text() == "of bob"
    secret = data / "hub" / "jupyterhub_cookie_secret"
    assert secret.stat().st_mode & 0o777 == 0o600


def test_one_user_alone_and_what_was_there_stays_beside_it(data: Path) -> None:
    create(data)
    notebook = data / "users" / "ada" / "notebooks" / "a.ipynb"
    notebook.write_text("lost")
    (data / "users" / "bob" / "secret.txt").write_text("newer")

    assert restore(data, "--user", "ada").returncode == 0

    assert notebook.read_text() == '{"cells": []}'
    assert (data / "users" / "bob" / "secret.txt").read_text() == "newer"
    (aside,) = (data / "users").glob(".ada.before-*")
    assert (aside / "notebooks" / "a.ipynb").read_text() == "lost"
    # What was put aside is nobody's home.
    assert "users/.ada" not in (create(data) / "manifest.json").read_text()
    refused = restore(data, "--user", "eve")
    assert refused.returncode == 1
    assert "has no users/eve; nothing was changed" in refused.stderr


def test_twice_at_once_puts_aside_twice(data: Path) -> None:
    create(data)
    for _ in range(3):
        done = restore(data)
        assert done.returncode == 0, done.stderr
    assert len([*(data / "users").glob(".ada.before-*")]) == 3


def test_a_restore_that_fails_leaves_what_was_there(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a disk that is full, or that is taken away, in the last step."""
    create(data)
    secret = data / "users" / "bob" / "secret.txt"
    secret.write_text("newer")
    rename = Path.rename

    def fails(self: Path, target: Path) -> Path:
        if self.name.startswith(".unfinished-") and target.name == "bob":
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    done = restore(data, "--user", "ada", "--user", "bob")
    assert done.returncode == 1
    assert "Input/output error" in done.stderr
    assert f"restored {data / 'users' / 'ada'}" in done.stdout
    assert secret.read_text() == "newer"
    assert sorted(path.name for path in (data / "users").iterdir() if path.name[0] != ".") == [
        "ada",
        "bob",
    ]
    assert not [*(data / "users").glob(".unfinished-*"), *(data / "users").glob(".bob.*")]


def test_a_damaged_backup_is_refused_and_nothing_is_changed(data: Path) -> None:
    backup = create(data)
    note = data / "users" / "bob" / "secret.txt"
    note.write_text("newer")
    for damaged in ("users/ada.tar.gz", "hub.tar.gz", "manifest.json"):
        path = backup / damaged
        whole = path.read_bytes()
        turned = bytes([whole[len(whole) // 2] ^ 0xFF])
        middle = len(whole) // 2
        for content in (whole[:middle] + turned + whole[middle + 1 :], whole[:-10]):
            path.write_bytes(content)

            done = restore(data)

            assert done.returncode == 1, damaged
            assert "damaged" in done.stderr
            assert run("verify", "--to", backup.parent).returncode == 1
        path.write_bytes(whole)
    (backup / "users" / "bob.tar.gz").unlink()
    assert "cannot be read" in restore(data).stderr
    assert note.read_text() == "newer"
    assert not list((data / "users").glob(".*"))


def test_seven_are_kept_and_one_that_lacks_something_takes_no_place(data: Path) -> None:
    made = [create(data, "--keep", 2) for _ in range(3)]
    folder = data.parent / "backups"
    assert sorted(folder.iterdir()) == made[1:]
    # A database that is none, as it begins like one.
    (data / "users" / "bob" / "broken.db").write_bytes(b"SQLite format 3\0 and no more")

    done = run("create", "--data", data, "--to", folder, "--keep", 1)

    assert done.returncode == 1
    assert "users/bob is not in it: " in done.stderr
    lacking = Path(done.stdout.strip())
    assert sorted(folder.iterdir()) == [*made[1:], lacking]
    assert "users/ada" in json.loads((lacking / "manifest.json").read_text())["archives"]
    assert "without users/bob" in run("list", "--to", folder).stdout
    assert '"--keep", type=int, default=7' in SCRIPT.read_text()


def test_homes_of_one_group_alone(data: Path) -> None:
    """As where homes are those of all accounts of a machine."""
    name = grp.getgrgid(os.getgid()).gr_name
    own = os.getgrouplist(pwd.getpwuid(os.getuid()).pw_name, os.getgid())
    backup = create(data, "--users", data / "users", "--group", name)
    assert (backup / "users" / "ada.tar.gz").exists()
    others = next(one.gr_name for one in grp.getgrall() if one.gr_gid not in own)
    backup = create(data, "--group", others)
    assert not (backup / "users").exists()
    assert (backup / "hub.tar.gz").exists()
    none = run("create", "--data", data, "--to", data.parent / "backups", "--group", "nobodys")
    assert none.returncode == 1
    assert "has no group 'nobodys'" in none.stderr


def test_what_a_killed_one_left_goes_with_a_later_one(data: Path) -> None:
    folder = create(data).parent
    for name, age in ((".unfinished-old", 2 * 86_400), (".unfinished-now", 60)):
        (folder / name).mkdir()
        os.utime(folder / name, (time.time() - age, time.time() - age))
    create(data)
    assert [path.name for path in folder.glob(".*")] == [".unfinished-now"]


def test_nothing_of_others_comes_in_through_links_and_pipes(data: Path) -> None:
    home = data / "users" / "ada"
    (home / "of-bob").symlink_to(data / "users" / "bob")
    (home / "file-of-bob").symlink_to(data / "users" / "bob" / "secret.txt")
    os.mkfifo(home / "pipe")

    backup = create(data)
    restored = data.parent / "elsewhere"
    assert run("restore", "--data", restored, "--to", backup.parent).returncode == 0

    assert (restored / "users" / "ada" / "of-bob").is_symlink()
    assert (restored / "users" / "ada" / "file-of-bob").is_symlink()
    assert not (restored / "users" / "ada" / "pipe").exists()
    listed = subprocess.run(
        ["tar", "tzf", backup / "users" / "ada.tar.gz"], capture_output=True, text=True, check=True
    )
    assert "secret.txt" not in listed.stdout


def test_where_there_is_nothing_it_says_so(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-P",
        str(SCRIPT),
        "create",
        f"--data={tmp_path}",
        f"--to={tmp_path}",
    ]
    nothing = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert nothing.returncode == 1
    assert "nothing to back up" in nothing.stderr
    none = run("restore", "--data", tmp_path / "data", "--to", tmp_path / "backups")
    assert none.returncode == 1
    assert "has no backup" in none.stderr
