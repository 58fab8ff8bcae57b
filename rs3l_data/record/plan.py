"""Into how many shards a dataset is cut for a record."""

from __future__ import annotations

from collections.abc import Mapping

from rs3l_data.errors import ConfigError

MOST_FILES = 100
"""Of one record of Zenodo"""
MOST_BYTES = 50 * 10**9
"""Of one record of Zenodo"""
OUR_FILES = 5
"""dataset.json, README.md, datacite.json and the two lists of checksums"""
_USUAL_BYTES = 500 * 10**6
"""A shard passes through memory when it is written."""


def n_shards(
    bytes_of: Mapping[str, int], shard_bytes: int | None, files_per_shard: int = 1
) -> dict[str, int]:
    """Say how many shards each process gets.

    Parameters
    ----------
    bytes_of
        The size of each process's rows.
    shard_bytes
        The size of a shard; if not given, 500 MB, or as much as it takes not to have too many
        files.
    files_per_shard
        More than one, if each view is a file of its own.

    Raises
    ------
    ConfigError
        If a record cannot hold so much, or so many files.
    """
    check_size(sum(bytes_of.values()))
    most = (MOST_FILES - OUR_FILES) // files_per_shard
    if len(bytes_of) > most:
        raise ConfigError(
            f"{len(bytes_of)} processes in {files_per_shard} files each are more than the "
            f"{MOST_FILES} files of a record; choose fewer with `--processes` or `--views`"
        )
    size = shard_bytes or _USUAL_BYTES
    fitting = size
    while sum(_cut(bytes_of, fitting).values()) > most:
        fitting += -(-fitting // 20)
    if shard_bytes is not None and fitting > shard_bytes:
        count = sum(_cut(bytes_of, shard_bytes).values()) * files_per_shard
        raise ConfigError(
            f"shards of {shard_bytes / 1e6:g} MB make {count} files, and a record has "
            f"{MOST_FILES} at most, of which {OUR_FILES} describe the others; give "
            f"`--shard-size {-(-fitting // 10**6)}MB` or more"
        )
    return _cut(bytes_of, fitting)


def check_size(total: int) -> None:
    """Refuse what no record can hold.

    Raises
    ------
    ConfigError
        If it is too much.
    """
    if total > MOST_BYTES:
        raise ConfigError(
            f"{total / 1e9:.1f} GB, and a record holds {MOST_BYTES / 1e9:.0f} GB at most; publish "
            "it in several records, with some of the processes (`--processes`) or views "
            "(`--views`) in each"
        )


def _cut(bytes_of: Mapping[str, int], size: int) -> dict[str, int]:
    return {name: max(1, -(-total // size)) for name, total in bytes_of.items()}
