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
Number = Annotated[float, Field(strict=True)]


class _Entry(BaseModel):
    """An entry may hold more than is known here: what later versions add, or other programs."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)


class FileEntry(_Entry):
    """What a manifest says of a file."""

    path: Text
    bytes: Count
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    md5: str = Field(pattern=r"^[0-9a-f]{32}$")
    n_rows: Count
    n_events: dict[Text, Count]
    shard: Text | None = None
    """Where a record has one file a view: the shard that this is a part of"""
    views: tuple[Text, ...] | None = None
    """The views that it holds, if not all"""

    @field_validator("path", "shard")
    @classmethod
    def _inside(cls, value: str | None) -> str | None:
        """Keep every path within the folder, on every system that the dataset may come to."""
        if value is None:
            return None
        parts = value.split("/")
        if not value.isprintable() or set(value) & set('\\:*?"<>|') or {"", ".", ".."} & {*parts}:
            raise ValueError(f"{value!r}: expected a relative path that stays within the folder")
        if any(len(part.encode()) > 255 for part in parts):
            raise ValueError(f"{value[:40]!r}...: a name of more than 255 bytes")
        return str(PurePosixPath(value))


class _Size(_Entry):
    n_rows: Count
    n_events: Count


class _Process(_Size):
    cross_section_pb: Number | None = None
    cross_section_error_pb: Number | None = None
    sum_of_weights: Number | None = None
    parts: dict[Text, float] | None = None


class _Label(_Entry):
    n_rows: Count
    present: dict[Text, Count]


class _Part(_Entry):
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(_Entry):
    """What the reader, a download and a validation need of a manifest."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    digest_algorithm: Text | None = None
    """Missing where an older version wrote it, whose digest cannot be compared with ours"""
    n_rows: Count
    n_events: Count
    views: list[Text] = Field(min_length=1)
    processes: dict[Text, _Process]
    labels: dict[Text, _Label]
    splits: dict[Text, _Size]
    files: list[FileEntry] = Field(min_length=1)
    config: dict[str, Any]
    part_of: _Part | None = None

    @model_validator(mode="after")
    def _each_file_once(self) -> Manifest:
        # Some file systems take names that differ in case for the same.
        counted = Counter(entry.path.casefold() for entry in self.files)
        path, times = counted.most_common(1)[0]
        if times > 1:
            raise ValueError(f"the file '{path}' is listed {times} times")
        for entry in self.files:
            if (entry.shard is None) != (entry.views is None):
                raise ValueError(
                    f"the file '{entry.path}': `shard` and `views` go together: of which shard it "
                    "holds which views"
                )
        return self


def has_rows_of_all(manifest: Mapping[str, Any], process: str) -> bool:
    """Tell whether every event of a process has rows, so that these add up to its sum of weights.

    Cuts that were made later (`history`) leave some without, and so do events from a file in which
    no initiator is within the cuts of the run.
    """
    described = manifest["config"].get("processes", {}).get(process, {})
    return "history" not in manifest and not described.get("lhe")


def check_totals(manifest: Mapping[str, Any], path: Path) -> None:
    """Check that what a manifest of ``path`` lists adds up to its number of rows.

    Raises
    ------
    InputFileError
        If not: somebody has cut it.
    """
    of_files = {file.get("shard") or file["path"]: file["n_rows"] for file in manifest["files"]}
    lists = {"files": [*of_files.values()]}
    for name in ("processes", "labels", "splits"):
        lists[name] = [one["n_rows"] for one in manifest[name].values()]
    for name, counted in lists.items():
        if sum(counted) != manifest["n_rows"]:
            raise InputFileError(
                f"{path}: the n_rows of `{name}` add up to {sum(counted)}, but n_rows is"
                f" {manifest['n_rows']}; fetch or make it again"
            )


def check_contents(manifest: Mapping[str, Any], path: Path) -> None:
    """Check the entries of a manifest that has been read from ``path``.

    Raises
    ------
    InputFileError
        With a line for each fault: the entry, what was found, what was expected.
    """
    try:
        Manifest.model_validate(manifest)
    except ValidationError as error:
        faults = error.errors()
        lines = [
            f"{'.'.join(map(str, fault['loc'])) or 'the manifest'}: "
            f"{fault['msg'].removeprefix('Value error, ')}; found {fault['input']!r:.80}"
            for fault in faults[:10]
        ]
        more = [f"and {len(faults) - 10} more"] if len(faults) > 10 else []
        raise InputFileError("\n".join(f"{path}: {line}" for line in lines + more)) from None
