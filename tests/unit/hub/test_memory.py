"""The memory that is there: the machine's, or less where control groups limit it."""

from __future__ import annotations

from pathlib import Path

import pytest

from jmcp.hub.configuration.memory import byte_size, machine_memory, process_memory, shown

MIB = 2**20


def test_sizes_are_read_as_jupyterhub_reads_them() -> None:
    assert [byte_size(one) for one in ("512M", "2G", "1.5g", 7, "10K", "1GiB")] == [
        512 * MIB,
        2048 * MIB,
        1536 * MIB,
        7,
        10240,
        1024 * MIB,
    ]
    assert [shown(one) for one in (0, 512, 1536 * MIB)] == ["0", "512", "1.5G"]
    with pytest.raises(ValueError, match="write it as in 512M"):
        byte_size("much")


def test_the_narrowest_group_of_version_2_counts(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("0::/hub/pod\n")
    groups = tmp_path / "groups"
    write(groups / "hub/pod", **{"memory.max": "max", "memory.current": str(80 * MIB)})
    write(groups / "hub", **{"memory.max": str(100 * MIB), "memory.current": str(90 * MIB)})
    write(groups / "hub", **{"memory.stat": f"anon 5\ninactive_file {30 * MIB}\n"})
    memory = process_memory(groups, own)
    assert memory.total == 100 * MIB
    assert memory.free == 40 * MIB  # pages of files are given back when they are needed


def test_version_1_has_other_names(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("5:cpu,cpuacct:/x\n4:memory:/docker/a\n")
    limits = {"memory.limit_in_bytes": str(64 * MIB), "memory.usage_in_bytes": str(70 * MIB)}
    write(tmp_path / "groups/memory/docker/a", **limits)
    memory = process_memory(tmp_path / "groups", own)
    assert (memory.total, memory.free) == (64 * MIB, 0)


def test_without_groups_it_is_the_machine(tmp_path: Path) -> None:
    assert process_memory(tmp_path, tmp_path / "none").total == machine_memory().total


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
