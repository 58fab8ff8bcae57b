"""A digest of source files, which tells what a version does not."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path


@cache
def source_digest(package: Path, parts: tuple[str, ...] = (".",)) -> str:
    """Give a digest, 16 hexadecimal digits, of code and catalogues.

    Parameters
    ----------
    package
        The folder of the package.
    parts
        Files, and folders with all below them, in the package; of folders the `.py` and `.yaml`.
    """
    found = hashlib.sha256()
    for part in parts:
        path = package / part
        inside = (file for file in path.rglob("*") if file.suffix in (".py", ".yaml"))
        for file in sorted(inside) if path.is_dir() else [path]:
            content = file.read_bytes()
            name = file.relative_to(package).as_posix()
            found.update(f"{name} {len(content)}\n".encode() + content)
    return found.hexdigest()[:16]
