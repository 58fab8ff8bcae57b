"""What an earlier pretraining has left in a folder, taken if this one would be the same."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from rs3l_data.errors import InputFileError
from rs3l_data.outdated import BEFORE
from rs3l_data.store.atomic import write_whole
from rs3l_train.loop.files import METRICS, read_metrics
from rs3l_train.loop.folder import BEST, CHECKPOINT, CONFIG, RECORDS, WEIGHTS
from rs3l_train.loop.identity import Identity
from rs3l_train.loop.saved_network import done_before

logger = logging.getLogger(__name__)


def earlier_metrics(folder: Path, identity: Identity) -> dict[str, Any] | None:
    """Read the metrics of a finished pretraining; None if there is none.

    Raises
    ------
    ConfigError
        If there is one that depended on something else, as this one would take its place.
    """
    _take_back(folder, identity)
    try:
        return read_metrics(folder) if done_before(folder, identity, keep_others=True) else None
    except InputFileError as error:
        logger.warning("%s", error)
        return None


def _take_back(folder: Path, identity: Identity) -> None:
    """Take back what Snakemake has removed before it asked for it again, if it is the same."""
    kept = folder / BEFORE
    if (folder / WEIGHTS).exists() or not (kept / METRICS).exists():
        return
    if done_before(kept, identity):
        # Another one may have been begun meanwhile, and what it has left would pass for this one's.
        (folder / CHECKPOINT).unlink(missing_ok=True)
        # The weights last, as they say that all is there.
        for name in (BEST, RECORDS, CONFIG, METRICS, WEIGHTS):
            if (kept / name).exists():
                write_whole(folder / name, (kept / name).read_bytes())
            else:
                (folder / name).unlink(missing_ok=True)
