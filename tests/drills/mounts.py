"""File systems that are small, read-only or gone, in a mount namespace of this process's own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def can_mount(folder: Path) -> bool:
    """Tell whether this process may mount: as root, or in a user namespace of its own."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "drill", str(folder)],
        capture_output=True,
        check=False,
    )
    if done.returncode == 0:
        unmount(folder)
    return done.returncode == 0


@contextmanager
def small_disk(folder: Path, megabytes: float) -> Iterator[None]:
    """Put an empty file system of so many megabytes in a folder's place."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={int(megabytes * 1024)}k"
    _mount("-t", "tmpfs", "-o", options, "drill", str(folder))
    try:
        yield
    finally:
        unmount(folder)


def bind(source: Path, target: Path) -> None:
    """Show one folder in the place of another."""
    _mount("--bind", str(source), str(target))


def read_only(folder: Path) -> None:
    """Refuse to write below a folder from now on, to root too."""
    bind(folder, folder)
    _mount("-o", "remount,bind,ro", str(folder))


def unmount(folder: Path) -> None:
    """Take away what lies over a folder, although it may be in use."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)
