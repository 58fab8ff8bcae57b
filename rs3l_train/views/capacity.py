"""How much memory there is for jets: of a machine, or of the part of it that a batch system gives.

What is free at the moment does not count: it changes with what has been read before, and the same
training would go through its jets in another order.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import torch

_GROUPS = Path("/proc/self/cgroup")
_MOUNT = Path("/sys/fs/cgroup")


def memory_of(device: torch.device) -> int:
    """Count the bytes of a GPU; on a CPU, those that this process and its like may use."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[1])
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([machine, *_limits()])


def _limits() -> Iterator[int]:
    """Give the limits [bytes] of the control groups that this process is in (cgroups(7))."""
    try:
        lines = _GROUPS.read_text(encoding="utf-8").splitlines()
    except OSError:  # Not Linux.
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:  # version 2
            mount, name = _MOUNT, "memory.max"
        elif "memory" in controllers.split(","):
            mount, name = _MOUNT / "memory", "memory.limit_in_bytes"
        else:
            continue
        group = mount / path.lstrip("/")
        # A group has at most what those above it have. Inside a container its path is the host's.
        for folder in (group, *group.parents):
            if folder.is_relative_to(mount) and (text := _read(folder / name)).isdigit():
                yield int(text)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:  # The group at the top has no limit.
        return ""
