"""Safetensors files that tell whether they are as they were written: the numbers and the header.

What a safetensors file says of its tensors tells a missing end, but no changed byte.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from rs3l_data.errors import InputFileError

Tensors = dict[str, Tensor]
Header = dict[str, str]

SEAL = "seal"


def sealed(kind: str, tensors: Tensors, header: Header) -> bytes:
    """Make the content of a file: the same bytes of the same content.

    Parameters
    ----------
    kind
        The format's name, to be asked for when it is read.
    tensors
        On the CPU.
    """
    whole = {**header, "format": kind, "tensors": _digest_of_tensors(tensors)}
    return _sorted(save(tensors, {**whole, SEAL: _digest_of_header(whole)}))


def _sorted(content: bytes) -> bytes:
    """Sort what the header says, which safetensors writes in another order each time."""
    begin = 8 + int.from_bytes(content[:8], "little")
    entries = json.loads(content[8:begin])
    entries["__metadata__"] = dict(sorted(entries["__metadata__"].items()))
    text = json.dumps(entries, separators=(",", ":")).encode()
    # The tensors begin at a multiple of eight bytes.
    text += b" " * (-len(text) % 8)
    return b"".join((len(text).to_bytes(8, "little"), text, memoryview(content)[begin:]))


def read_header(path: Path, kind: str, advice: str) -> Header:
    """Read what a file says of its tensors, and not the tensors.

    Raises
    ------
    InputFileError
        If it is not whole or not of this kind, with the advice what to do.
    """
    return _read(path, kind, advice, with_tensors=False)[1]


def read_sealed(path: Path, kind: str, advice: str) -> tuple[Tensors, Header]:
    """Read a file.

    Raises
    ------
    InputFileError
        If it is not whole or not of this kind, with the advice what to do.
    """
    tensors, header = _read(path, kind, advice, with_tensors=True)
    if header["tensors"] != _digest_of_tensors(tensors):
        raise InputFileError(f"{path}: damaged: not the numbers that were written; {advice}")
    return tensors, header


def _read(path: Path, kind: str, advice: str, *, with_tensors: bool) -> tuple[Tensors, Header]:
    try:
        with safe_open(path, framework="pt") as file:
            header: Header = file.metadata() or {}
            names = file.keys() if with_tensors else ()
            tensors = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise InputFileError(f"{path}: not a whole safetensors file: {error}; {advice}") from None
    if header.get("format") != kind:
        raise InputFileError(
            f"{path}: not written by this version of rs3l_train: its format is"
            f" {header.get('format')!r}, expected {kind!r}; {advice}"
        )
    if header.pop(SEAL, None) != _digest_of_header(header):
        raise InputFileError(f"{path}: damaged: not the header that was written; {advice}")
    return tensors, header


def _digest_of_tensors(tensors: Mapping[str, Tensor]) -> str:
    found = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        found.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        found.update(value.numpy().tobytes())
    return found.hexdigest()


def _digest_of_header(header: Header) -> str:
    return hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()
