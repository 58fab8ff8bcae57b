"""The columns of a shard in words, written from the schema."""

from __future__ import annotations

from collections.abc import Sequence

from rs3l_data.describe.schema import (
    CONSTITUENTS,
    DECAYS,
    INITIATORS,
    JETS,
    Column,
    written_in,
)

_TABLES = (
    ("/initiators", "one row per initiator", INITIATORS),
    ("/decays", "the final decay products of all initiators", DECAYS),
    ("/views/&lt;view&gt;/jets", "one row per initiator", JETS),
    ("/views/&lt;view&gt;/constituents", "the constituents of all jets", CONSTITUENTS),
)


def shard_markdown(version: str) -> str:
    """Write the tables of the columns that shards of a format version have."""
    tables = [(name, rows, written_in(columns, version)) for name, rows, columns in _TABLES]
    return "\n\n".join(map(section, tables))


def section(table: tuple[str, str, Sequence[Column]]) -> str:
    """Write one table of columns: its place, what its rows are, and its columns."""
    name, rows, columns = table
    lines = [f"#### {name}", "", f"{rows[0].upper()}{rows[1:]}.", ""]
    lines += ["| column | type | unit | meaning |", "|---|---|---|---|"]
    lines += [
        f"| `{column.name}` | {column.numpy_dtype.name} | {column.unit or '–'} | {column.meaning} |"
        for column in columns
    ]
    return "\n".join(lines)
