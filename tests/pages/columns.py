"""The reference page of the columns, written from the schema."""

from __future__ import annotations

from rs3l_data.describe.schema import (
    FORMAT_VERSION,
    HARD_EVENTS,
    HARD_PARTICLES,
    KEYS,
    PILEUP_PARTICLES,
)
from rs3l_data.record.columns import section, shard_markdown

_WORKING_TABLES = (
    ("View file: /keys", "whose jets its rows are", KEYS),
    ("Hard-event file: /events", "one row per hard event", HARD_EVENTS),
    ("Hard-event file: /particles", "the particles of all hard events", HARD_PARTICLES),
    ("Pile-up file: /particles", "the stable particles of minimum-bias events", PILEUP_PARTICLES),
)


def schema_markdown() -> str:
    """Write every table of columns in Markdown, in the order of the schema."""
    parts = ["### Columns of a shard", shard_markdown(FORMAT_VERSION)]
    parts += ["### Columns of the files within a run", *map(section, _WORKING_TABLES)]
    return "\n\n".join(parts) + "\n"
