"""What the entries of a manifest may be: believed only after this, as a server may have sent it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rs3l_data.errors import InputFileError

# As much as a file system holds; Python's integers know no end.
Count = Annotated[int, Field(ge=0, lt=1 << 62, strict=True)]
Text = Annotated[str, Field(max_length=1000)]


class _Entry(BaseModel):
    """An entry may hold more than is known here: what later versions add, or other programs."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)


class _File(_Entry):
    path: Text
    bytes: Count
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    md5: str = Field(pattern=r"^[0-9a-f]{32}$")
    n_rows: Count
    n_events: dict[Text, Count]

    @field_validator("path")
    @classmethod
    def _inside(cls, value: str) -> str:
        """Keep every path within the folder, on every system that the dataset may come to."""
        parts = value.split("/")
        if not value.isprintable() or set(value) & set('\\:*?"<>|') or {"", ".", ".."} & {*parts}:
            raise ValueError(f"{value!r}: expected a relative path that stays within the folder")
        if any(len(part.encode()) > 255 for part in parts):
            raise ValueError(f"{value[:40]!r}...: a name of more than 255 bytes")
        return str(PurePosixPath(value))


class _Size(_Entry):
    n_rows: Count
    n_events: Count


class _Label(_Entry):
    n_rows: Count
    present: dict[Text, Count]


class _Manifest(_Entry):
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    n_rows: Count
    n_events: Count
    views: list[Text] = Field(min_length=1)
    processes: dict[Text, _Size]
    labels: dict[Text, _Label]
    splits: dict[Text, _Size]
    files: list[_File] = Field(min_length=1)
    config: dict[str, Any]

    @model_validator(mode="after")
    def _each_file_once(self) -> _Manifest:
        # Some file systems take names that differ in case for the same.
        counted = Counter(entry.path.casefold() for entry in self.files)
        path, times = counted.most_common(1)[0]
        if times > 1:
            raise ValueError(f"the file '{path}' is listed {times} times")
        return self


def check_contents(manifest: Mapping[str, Any], path: Path) -> None:
    """Check the entries of a manifest that has been read from ``path``.

    Raises
    ------
    InputFileError
        With a line for each fault: the entry, what was found, what was expected.
    """
    try:
        _Manifest.model_validate(manifest)
    except ValidationError as error:
        faults = error.errors()
        lines = [
            f"{'.'.join(map(str, fault['loc'])) or 'the manifest'}: "
            f"{fault['msg'].removeprefix('Value error, ')}; found {fault['input']!r:.80}"
            for fault in faults[:10]
        ]
        more = [f"and {len(faults) - 10} more"] if len(faults) > 10 else []
        raise InputFileError("\n".join(f"{path}: {line}" for line in lines + more)) from None
