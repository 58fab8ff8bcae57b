"""The reference page of the columns, written from the schema."""

from __future__ import annotations

from collections.abc import Sequence

from rs3l_data.describe.schema import (
    CONSTITUENTS,
    DECAYS,
    FORMAT_VERSION,
    HARD_EVENTS,
    HARD_PARTICLES,
    INITIATORS,
    JETS,
    KEYS,
    PILEUP_PARTICLES,
    Column,
    written_in,
)

_TABLES = (
    ("/initiators", "one row per initiator", INITIATORS),
    ("/decays", "the final decay products of all initiators", DECAYS),
    ("/views/&lt;view&gt;/jets", "one row per initiator", JETS),
    ("/views/&lt;view&gt;/constituents", "the constituents of all jets", CONSTITUENTS),
)

_WORKING_TABLES = (
    ("View file: /keys", "whose jets its rows are", KEYS),
    ("Hard-event file: /events", "one row per hard event", HARD_EVENTS),
    ("Hard-event file: /particles", "the particles of all hard events", HARD_PARTICLES),
    ("Pile-up file: /particles", "the stable particles of minimum-bias events", PILEUP_PARTICLES),
)


def schema_markdown() -> str:
    """Write every table of columns in Markdown, in the order of the schema."""
    parts = ["### Columns of a shard", shard_markdown(FORMAT_VERSION)]
    parts += ["### Columns of the files within a run", *map(_section, _WORKING_TABLES)]
    return "\n\n".join(parts) + "\n"


def shard_markdown(version: str) -> str:
    """Write the tables of the columns that shards of a format version have."""
    tables = [(name, rows, written_in(columns, version)) for name, rows, columns in _TABLES]
    return "\n\n".join(map(_section, tables))


def _section(table: tuple[str, str, Sequence[Column]]) -> str:
    name, rows, columns = table
    lines = [f"#### {name}", "", f"{rows[0].upper()}{rows[1:]}.", ""]
    lines += ["| column | type | unit | meaning |", "|---|---|---|---|"]
    lines += [
        f"| `{column.name}` | {column.numpy_dtype.name} | {column.unit or '–'} | {column.meaning} |"
        for column in columns
    ]
    return "\n".join(lines)
