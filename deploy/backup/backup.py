#!/usr/bin/env python3
"""Backup and restore of a Hub with jmcp: its database and key, the gateway's state, users' homes.

    backup.py create  --data /srv/jmcp --to /var/backups/jmcp [--keep 7] [--users /home --group jmcp]
    backup.py list    --to /var/backups/jmcp
    backup.py verify  --to /var/backups/jmcp [NAME]
    backup.py restore --data /srv/jmcp --to /var/backups/jmcp [NAME] [--user ada ...]

It needs Python 3.11.4 or newer and nothing else. A backup is a folder with one .tar.gz for each part
(`hub`, `gateway`) and each user, and a manifest with their checksums, written last. It is made while
everything runs: SQLite's databases are copied through SQLite, and before the files beside them, so that
what a journal has noted is in the journal's copy or in that of the file, and never in neither.

Homes belong to people who may be hostile: no symbolic link is followed, neither while files are read nor
while they are written, and nothing but files, folders and symbolic links is kept.
"""

from __future__ import annotations

import argparse
import grp
import hashlib
import json
import os
import pwd
import shutil
import sqlite3
import stat
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

PARTS = ("hub", "gateway")
MANIFEST = "manifest.json"
FORMAT = 1
SQLITE = b"SQLite format 3\0"
BESIDE_SQLITE = ("-wal", "-shm", "-journal")
BUSY_SECONDS = 60
READ_AGAIN = 5
"""A file that changes while it is read is read again, so often."""
UNFINISHED = ".unfinished-"
ABANDONED_SECONDS = 86_400
"""Of a backup that was killed nothing is left after that, counted from its last archive."""


class Refused(Exception):
    """Nothing was done; the message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One archive's name and the folder that it is made of."""

    name: str
    folder: Path


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except Refused as error:
        print(f"backup.py: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        # What was done is on standard output, and what was not is as it was.
        print(f"backup.py: it ended early: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description="Backup and restore of a Hub with jmcp.")
    commands = made.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, about: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=about, description=about)
        one.add_argument("--to", type=Path, required=True, help="folder of the backups")
        one.set_defaults(run=run)
        return one

    create = command("create", run_create, "make a backup, also while everything runs")
    create.add_argument("--group", help="only homes whose owner is a member of this group")
    create.add_argument("--keep", type=int, default=7, help="so many of the newest are kept (7)")
    restore = command("restore", run_restore, "put a backup back, while nothing runs")
    for one in (create, restore):
        one.add_argument(
            "--data", type=Path, required=True, help="folder of hub/, gateway/, users/"
        )
        one.add_argument("--users", type=Path, help="folder of the homes (DATA/users)")
    restore.add_argument("--user", action="append", help="only this user's home; may be repeated")
    verify = command("verify", run_verify, "say whether a backup is whole")
    command("list", run_list, "the backups, the newest last")
    for one in (restore, verify):
        one.add_argument("name", nargs="?", help="which one (the newest)")
    return made


# Making one -----------------------------------------------------------------------------------------


def run_create(given: argparse.Namespace) -> int:
    if given.keep < 1:
        raise Refused("--keep is at least 1")
    sources = [*found(given.data, given.users or given.data / "users", given.group)]
    if not sources:
        raise Refused(f"{given.data} has neither hub/, gateway/ nor users/: nothing to back up")
    given.to.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in given.to.glob(f"{UNFINISHED}*"):
        if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(left)
    made = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=given.to))
    failed: dict[str, str] = {}
    try:
        archives = {}
        for source in sources:
            archive = made / f"{source.name}.tar.gz"
            archive.parent.mkdir(exist_ok=True, mode=0o700)
            try:
                write(source.folder, archive)
            except (OSError, sqlite3.Error) as error:
                archive.unlink(missing_ok=True)
                failed[source.name] = str(error)
                continue
            archives[source.name] = {"sha256": checksum(archive), "bytes": archive.stat().st_size}
        if not archives:
            raise Refused(f"nothing could be read: {failed}")
        manifest = {"format": FORMAT, "archives": archives, "failed": failed}
        (made / MANIFEST).write_text(json.dumps(manifest, indent=1))
        target = given.to / moment()
        synced(made)
        made.rename(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    print(target)
    for name, reason in failed.items():
        print(f"backup.py: {name} is not in it: {reason}", file=sys.stderr)
    # One that lacks something takes the place of none that is whole.
    if not failed:
        for old in backups(given.to)[: -given.keep]:
            shutil.rmtree(old)
    return 1 if failed else 0


def found(data: Path, users: Path, group: str | None) -> Iterator[Source]:
    """Raises Refused for a group that does not exist."""
    belongs = members(group)
    for part in PARTS:
        if (data / part).is_dir():
            yield Source(name=part, folder=data / part)
    if users.is_dir():
        for home in sorted(users.iterdir()):
            # What a restore put aside begins with a dot.
            if home.is_symlink() or not home.is_dir() or home.name.startswith("."):
                continue
            if belongs(home.stat().st_uid):
                yield Source(name=f"users/{home.name}", folder=home)


def members(group: str | None) -> Callable[[int], bool]:
    """Whether the user of a number is in that group; everybody is in none."""
    if group is None:
        return lambda _: True
    try:
        wanted = grp.getgrnam(group).gr_gid
    except KeyError:
        raise Refused(f"this machine has no group {group!r}") from None

    def belongs(uid: int) -> bool:
        try:
            account = pwd.getpwuid(uid)
        except KeyError:
            return False
        return wanted in os.getgrouplist(account.pw_name, account.pw_gid)

    return belongs


def write(folder: Path, archive: Path) -> None:
    """Databases first, then all other files: see above."""
    with (
        tempfile.TemporaryDirectory(dir=archive.parent, prefix=UNFINISHED) as scratch,
        tarfile.open(archive, "x:gz", compresslevel=6) as tar,
    ):
        tar.addfile(metadata(".", os.stat(folder)))
        databases = {path for path, _, _ in entries(folder) if is_database(folder / path)}
        for path in sorted(databases):
            add_database(tar, folder, path, Path(scratch) / "copy")
        beside = {f"{path}{tail}" for path in databases for tail in BESIDE_SQLITE}
        for path, directory, name in entries(folder):
            if path not in databases and path not in beside:
                add(tar, path, directory, name)


def entries(folder: Path) -> Iterator[tuple[str, int, str]]:
    """Every path below the folder, with a descriptor of the folder that it is in and its name there."""
    for base, folders, files, directory in os.fwalk(folder, follow_symlinks=False):
        below = os.path.relpath(base, folder)
        for name in sorted([*folders, *files]):
            yield (name if below == "." else f"{below}/{name}"), directory, name


def is_database(path: Path) -> bool:
    try:
        with opened(str(path)) as file:
            return file.read(len(SQLITE)) == SQLITE
    except OSError:
        return False


@contextmanager
def opened(name: str, directory: int | None = None) -> Iterator[IO[bytes]]:
    """A regular file. Raises OSError for everything else, and for a symbolic link."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(name, flags, dir_fd=directory), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(f"{name} is no file")
        yield file


def add_database(tar: tarfile.TarFile, folder: Path, path: str, copy: Path) -> None:
    """As of one moment, with what is only in its write-ahead log yet."""
    before = os.lstat(folder / path)
    # A log that nobody has open has to be brought into its database, which writes.
    mode = "rw" if os.access(folder / path, os.W_OK) else "ro"
    uri = f"{(folder / path).absolute().as_uri()}?mode={mode}"
    source = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)
    with closing(source), closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    after = os.lstat(folder / path)
    if (before.st_dev, before.st_ino) != (after.st_dev, after.st_ino):
        raise OSError(f"{path} was replaced while it was read")
    info = metadata(path, before)
    info.size = copy.stat().st_size
    with copy.open("rb") as file:
        tar.addfile(info, file)
    copy.unlink()


def add(tar: tarfile.TarFile, path: str, directory: int, name: str) -> None:
    try:
        seen = os.stat(name, dir_fd=directory, follow_symlinks=False)
        info = metadata(path, seen)
        if stat.S_ISLNK(seen.st_mode):
            info.linkname = os.readlink(name, dir_fd=directory)
            tar.addfile(info)
        elif stat.S_ISDIR(seen.st_mode):
            tar.addfile(info)
        elif stat.S_ISREG(seen.st_mode):
            add_file(tar, info, directory, name)
    except FileNotFoundError:
        pass  # deleted meanwhile


def add_file(tar: tarfile.TarFile, info: tarfile.TarInfo, directory: int, name: str) -> None:
    with tempfile.TemporaryFile() as copy:
        for _ in range(READ_AGAIN):
            with opened(name, directory) as file:
                before = os.fstat(file.fileno())
                copy.seek(0)
                copy.truncate()
                shutil.copyfileobj(file, copy)
                after = os.fstat(file.fileno())
            if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
                break
            time.sleep(0.05)
        info.size = copy.tell()
        info.mtime = int(before.st_mtime)
        copy.seek(0)
        tar.addfile(info, copy)


def metadata(path: str, seen: os.stat_result) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    kinds = {stat.S_IFDIR: tarfile.DIRTYPE, stat.S_IFLNK: tarfile.SYMTYPE}
    info.type = kinds.get(stat.S_IFMT(seen.st_mode), tarfile.REGTYPE)
    info.mode = stat.S_IMODE(seen.st_mode)
    info.uid, info.gid = seen.st_uid, seen.st_gid
    info.mtime = int(seen.st_mtime)
    return info


def moment() -> str:
    """Now, as a name: the later sorts last, and no two are the same."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def synced(folder: Path) -> None:
    """What has its name from now on is on the disk."""
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# Looking at them ------------------------------------------------------------------------------------


def backups(folder: Path) -> list[Path]:
    """Those that were finished, the newest last."""
    if not folder.is_dir():
        return []
    return sorted(
        one for one in folder.iterdir() if (one / MANIFEST).is_file() and one.name[0] != "."
    )


def chosen(folder: Path, name: str | None) -> Path:
    there = backups(folder)
    if not there:
        raise Refused(f"{folder} has no backup")
    if name is None:
        return there[-1]
    for one in there:
        if one.name == name:
            return one
    raise Refused(f"{folder} has no backup {name!r}; the newest is {there[-1].name}")


def run_list(given: argparse.Namespace) -> int:
    for one in backups(given.to):
        manifest = json.loads((one / MANIFEST).read_text())
        size = sum(archive["bytes"] for archive in manifest["archives"].values())
        lacking = f", without {', '.join(manifest['failed'])}" if manifest["failed"] else ""
        print(f"{one.name}  {len(manifest['archives'])} archives, {size} bytes{lacking}")
    return 0


def run_verify(given: argparse.Namespace) -> int:
    backup = chosen(given.to, given.name)
    names = verified(backup)
    print(f"{backup.name} is whole: {', '.join(names)}")
    return 0


def verified(backup: Path) -> list[str]:
    """The names of its archives, each read to its end. Raises Refused for one that is damaged."""
    try:
        manifest = json.loads((backup / MANIFEST).read_text())
        expected = {name: one["sha256"] for name, one in manifest["archives"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{backup / MANIFEST} is damaged ({error}); nothing was changed") from error
    if manifest.get("format") != FORMAT:
        raise Refused(f"{backup} has format {manifest.get('format')}, and this is for {FORMAT}")
    for name, digest in expected.items():
        archive = backup / f"{name}.tar.gz"
        try:
            same = checksum(archive) == digest
        except OSError as error:
            raise Refused(f"{archive} cannot be read ({error}); nothing was changed") from error
        if not same:
            raise Refused(
                f"{archive} is damaged: its checksum is not that of the manifest. Nothing was changed; "
                f"`backup.py list --to {backup.parent}` has older ones"
            )
    return [*expected]


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Putting one back -----------------------------------------------------------------------------------


def run_restore(given: argparse.Namespace) -> int:
    backup = chosen(given.to, given.name)
    names = verified(backup)
    if given.user:
        wanted = [f"users/{name}" for name in given.user]
        if missing := sorted(set(wanted) - set(names)):
            raise Refused(f"{backup.name} has no {', '.join(missing)}; nothing was changed")
        names = wanted
    users = given.users or given.data / "users"
    for name in names:
        target = users / name.removeprefix("users/") if "/" in name else given.data / name
        put_back(backup / f"{name}.tar.gz", target)
        print(f"restored {target}")
    return 0


def put_back(archive: Path, target: Path) -> None:
    """The whole folder at once. What was there is beside it, under another name; it is back where it
    was if this fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=target.parent))
    try:
        with tarfile.open(archive, "r:gz") as tar:
            extract(tar, fresh)
        aside = target.with_name(f".{target.name}.before-{moment()}")
        if target.exists():
            target.rename(aside)
        try:
            fresh.rename(target)
        except OSError:
            if aside.exists():
                aside.rename(target)
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def extract(tar: tarfile.TarFile, folder: Path) -> None:
    """Write all members below a new folder, with their owners where root does it.

    Nothing is written through a symbolic link: all of them are made last.
    """
    members = tar.getmembers()
    for member in members:
        parts = Path(member.name).parts
        if member.name.startswith("/") or ".." in parts:
            raise Refused(f"{member.name!r} of {tar.name!s} leads out of the archive")
    rank = {tarfile.DIRTYPE: 0, tarfile.REGTYPE: 1, tarfile.SYMTYPE: 2}
    for member in sorted(members, key=lambda one: rank.get(one.type, 3)):
        path = folder / member.name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if member.isdir():
            path.mkdir(exist_ok=True, mode=0o700)
        elif member.issym():
            path.symlink_to(member.linkname)
        elif (content := tar.extractfile(member)) is not None:
            with path.open("xb") as file:
                shutil.copyfileobj(content, file)
            os.utime(path, (member.mtime, member.mtime))
        if os.geteuid() == 0:
            os.chown(path, member.uid, member.gid, follow_symlinks=False)
        if member.isreg():
            os.chmod(path, member.mode & 0o777)
    for member in sorted(members, key=lambda one: one.name, reverse=True):
        if member.isdir():
            os.chmod(folder / member.name, member.mode & 0o777)


if __name__ == "__main__":
    sys.exit(main())
