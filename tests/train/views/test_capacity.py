"""How much memory there is, as a machine, a batch system or a container has it."""

from __future__ import annotations

import os

import pytest
import torch

from rs3l_train.views import capacity
from rs3l_train.views.capacity import memory_of

CPU = torch.device("cpu")
MACHINE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Say in which control groups this process is, and what their files hold."""

    def put(own, limits):
        (tmp_path / "own").write_text(own)
        for name, limit in limits.items():
            path = tmp_path / "mount" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{limit}\n")
        monkeypatch.setattr(capacity, "_GROUPS", tmp_path / "own")
        monkeypatch.setattr(capacity, "_MOUNT", tmp_path / "mount")

    return put


@pytest.mark.parametrize(
    ("own", "limits", "expected"),
    [
        ("0::/\n", {}, MACHINE),
        ("0::/\n", {"memory.max": "max"}, MACHINE),
        ("0::/slurm/job_1/step_0\n", {"slurm/job_1/memory.max": 5000}, 5000),
        (
            "0::/slurm/job_1\n",
            {"slurm/job_1/memory.max": "max", "slurm/memory.max": 9000, "memory.max": 7000},
            7000,
        ),
        ("0::/a\n", {"b/memory.max": 3000}, MACHINE),
        # In a container, where its own group is at the top.
        ("0::/docker/1f\n", {"memory.max": 4000}, 4000),
        (
            "5:cpu,cpuacct:/job\n4:memory:/job\n",
            {"memory/job/memory.limit_in_bytes": 6000, "cpu/job/memory.limit_in_bytes": 1},
            6000,
        ),
        ("4:memory:/job\n", {"memory/job/memory.limit_in_bytes": 2**63 - 4096}, MACHINE),
    ],
)
def test_it_is_the_smallest_limit_of_machine_and_groups(groups, own, limits, expected):
    groups(own, limits)
    assert memory_of(CPU) == expected


def test_it_is_the_machine_s_without_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(capacity, "_GROUPS", tmp_path / "nothing")
    assert memory_of(CPU) == MACHINE


def test_what_has_been_read_does_not_change_it(tmp_path):
    before = memory_of(CPU)
    path = tmp_path / "large"
    path.write_bytes(bytes(2**26))
    path.read_bytes()
    assert memory_of(CPU) == before
